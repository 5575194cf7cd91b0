"""``python -m benchmarks whole``: from published facts to rows that the warehouse answers with."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks import result
from benchmarks.bounds import RATES, RECORDS, check
from benchmarks.feed import Feed
from benchmarks.own_mesh import SERVICES, SINK, STREAM, Spent, own_mesh
from benchmarks.queryable import WARM_UP, observe
from benchmarks.result import Latency
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener

_MEASURED = 30  # seconds of the latency measurement


def command(
    records: Annotated[int, typer.Option(help="Order lines that are published.")] = 200_000,
    rate: Annotated[int, typer.Option(help="Lines a second of the latency measurement.")] = 2_000,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Publish orders, payments, fulfilments and returns to a whole mesh until every row can be queried.

    Tells rows a CPU second of our processes (the stream and the sink; broker, registry and warehouse beside
    them), and the time from publishing an order to its rows in an answer of the warehouse, at a steady rate.
    """
    check("--records", records, RECORDS)
    check("--rate", rate, RATES)
    console = screen(stderr=as_json)
    home = load_settings().home / "bench-mesh"
    with own_mesh(home, Listener(report=console.print)) as mesh:
        live = int(rate * (_MEASURED + WARM_UP))
        feed = Feed(mesh, records + live)
        feed.publish(feed.dimensions())
        orders, lines = feed.first_orders(live)
        with console.status("warming up") as spinner:
            mesh.work(feed.topics)
            spinner.update(f"{rate:,} lines a second")
            latency = observe(mesh.settings, orders, lines, rate)
            mesh.work(feed.topics)
            spinner.update("publishing")
            spent = mesh.work(
                feed.topics, lambda rows: spinner.update(f"{rows:,} rows"), lambda: feed.publish(feed.facts())
            )
        known = result.about(**mesh.versions)
    text = result.keep(_figures(records, spent, latency), known, "whole", keep)
    if as_json:
        typer.echo(text, nl=False)
    else:
        _show(console, spent, latency)


def cost(spent: Spent) -> float:
    """CPU microseconds of our processes for each enriched row."""
    return spent.cpu_of(STREAM, SINK) * 1e6 / spent.rows if spent.rows else 0.0


def _figures(lines: int, spent: Spent, latency: Latency) -> dict[str, Any]:
    return {
        "lines": lines,
        "rows": spent.rows,
        "rows_per_cpu_second": round(1e6 / cost(spent)) if spent.rows else 0,
        "wall_rows_per_second": round(spent.rows / spent.seconds) if spent.seconds else 0,
        "cpu_seconds": {part: round(cpu, 1) for part, cpu in sorted(spent.cpu.items())},
        "peak_memory_mb": {part: size >> 20 for part, size in sorted(spent.memory.items())},
        "latency": {
            "rate": latency.rate,
            "p50": latency.p50,
            "p95": latency.p95,
            "p99": latency.p99,
            "kept_up": latency.kept_up,
        },
    }


def _show(console: Console, spent: Spent, latency: Latency) -> None:
    table = Table(title="publish → enriched → warehouse row", box=SIMPLE, title_justify="left")
    table.add_column("part", no_wrap=True)
    for name in ("CPU s", "rows a CPU s", "memory", "counted"):
        table.add_column(name, justify="right")
    for part, cpu in sorted(spent.cpu.items()):
        counted = "" if part in SERVICES else "yes"
        rate = f"{spent.rows / cpu:,.0f}" if cpu else "–"
        table.add_row(part, f"{cpu:,.1f}", rate, f"{spent.memory[part] >> 20:,} MiB", counted)
    console.print(table)
    if spent.rows and spent.seconds:
        console.print(
            f"{spent.rows:,} rows written and landed in {spent.seconds:,.0f} s: "
            f"{1e6 / cost(spent):,.0f} a CPU second of our processes, "
            f"{spent.rows / spent.seconds:,.0f} a second"
        )
    told = ", ".join(
        f"{name} –" if seconds is None else f"{name} {seconds:.2f} s"
        for name, seconds in (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99))
    )
    behind = "" if latency.kept_up else "; it fell behind"
    console.print(
        f"published to queryable at {latency.rate:,} lines a second, {latency.rows:,} rows: {told}{behind}"
    )
