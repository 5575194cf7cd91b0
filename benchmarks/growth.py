"""``python -m benchmarks growth``: what a row costs when there is more of everything."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.bounds import RECORDS, check
from benchmarks.feed import Feed
from benchmarks.full_dimensions import CUSTOMERS
from benchmarks.own_mesh import SINK, STREAM, own_mesh
from benchmarks.result import keep
from benchmarks.whole import cost
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener

FACTORS = (1, 2, 4)
PARTITIONS = 4


def command(
    records: Annotated[int, typer.Option(help="Order lines at factor 1.")] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Run the whole way with 1, 2 and 4 times the orders, customers and partitions, each on a fresh mesh.

    Tells what a row costs our processes in CPU time, and how that compares with factor 1.
    """
    check("--records", records, RECORDS)
    console = screen(stderr=as_json)
    measured = []
    for factor in FACTORS:
        console.print(f"{factor} × the orders, customers and partitions")
        measured.append(_measured(records, factor, console))
    first = measured[0]["cpu_microseconds_per_row"]
    for one in measured:
        one["ratio"] = round(one["cpu_microseconds_per_row"] / first, 3)
    text = keep({"factors": measured}, "growth")
    if as_json:
        typer.echo(text, nl=False)
    else:
        console.print(_table(measured))


def _measured(records: int, factor: int, console: Console) -> dict[str, Any]:
    home = load_settings().home / "bench-mesh"
    with (
        own_mesh(home, Listener(), partitions=PARTITIONS * factor) as mesh,
        console.status("publishing") as spinner,
    ):
        feed = Feed(mesh, records * factor, CUSTOMERS * factor)
        feed.publish(feed.dimensions())
        mesh.work(feed.topics)
        spent = mesh.work(
            feed.topics, lambda rows: spinner.update(f"{rows:,} rows"), lambda: feed.publish(feed.facts())
        )
    return {
        "factor": factor,
        "lines": records * factor,
        "customers": CUSTOMERS * factor,
        "partitions": PARTITIONS * factor,
        "rows": spent.rows,
        "cpu_microseconds_per_row": round(cost(spent), 2),
        "stream_memory_mb": spent.memory_of(STREAM) >> 20,
        "sink_memory_mb": spent.memory_of(SINK) >> 20,
    }


def _table(measured: list[dict[str, Any]]) -> Table:
    table = Table(title="Cost of a row as everything grows", box=SIMPLE, title_justify="left")
    for name in (
        *("factor", "lines", "customers", "partitions", "rows", "CPU µs a row", "to factor 1"),
        *("stream's memory", "sink's memory"),
    ):
        table.add_column(name, justify="right")
    for one in measured:
        table.add_row(
            *(str(one["factor"]), f"{one['lines']:,}", f"{one['customers']:,}", str(one["partitions"])),
            *(f"{one['rows']:,}", f"{one['cpu_microseconds_per_row']:.1f}", f"{one['ratio']:.2f} ×"),
            *(f"{one['stream_memory_mb']:,} MiB", f"{one['sink_memory_mb']:,} MiB"),
        )
    return table
