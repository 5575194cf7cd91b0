"""``python -m benchmarks growth``: what a row costs when there is more of everything."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks import result
from benchmarks.bounds import RECORDS, check
from benchmarks.feed import Feed
from benchmarks.figure import Figure, table
from benchmarks.full_dimensions import CUSTOMERS
from benchmarks.own_mesh import SINK, STREAM, Spent, own_mesh
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener

FACTORS = (1, 2, 4)
PARTITIONS = 4
PARTS = {"all": (STREAM, SINK), "stream": (STREAM,), "sink": (SINK,)}
"""Whose CPU time is told, by name."""
GOAL = 1.1
"""What a row that stands may cost at the greatest factor, by what it costs at the first."""
_THINGS = {"line": "row that stands", "row": "row written"}


def command(
    records: Annotated[int, typer.Option(help="Order lines at factor 1.")] = 100_000,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Run the whole way with 1, 2 and 4 times the orders, customers and partitions, each on a fresh mesh.

    Tells what a row costs our processes in CPU time, and how that compares with factor 1. The row of an order
    line is written again for facts that come later, once for those that come together: how often differs from
    run to run, and with it what is done for each writing. One of them stands.
    """
    check("--records", records, RECORDS)
    console = screen(stderr=as_json)
    measured, versions = [], dict[str, str]()
    for factor in FACTORS:
        console.print(f"{factor} × the orders, customers and partitions")
        found, versions = _measured(records, factor, console)
        measured.append(found)
    for one in measured:
        for thing in _THINGS:
            costs, first = (some[f"cpu_microseconds_per_{thing}"]["all"] for some in (one, measured[0]))
            one[f"ratio_per_{thing}"] = round(costs / first, 3)
    text = result.keep(
        {"factors": measured, "goal": _goal(measured).as_json()}, result.about(**versions), "growth", keep
    )
    if as_json:
        typer.echo(text, nl=False)
    else:
        console.print(_sizes(measured))
        console.print(_costs(measured))
        console.print(table("The goal", [_goal(measured)]))


def _measured(records: int, factor: int, console: Console) -> tuple[dict[str, Any], dict[str, str]]:
    """The figures at a factor, and the versions of the services."""
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
        versions = mesh.versions
    figures = {
        "factor": factor,
        "lines": records * factor,
        "customers": CUSTOMERS * factor,
        "partitions": PARTITIONS * factor,
        "facts": spent.fed,
        "rows": spent.rows,
        "cpu_microseconds_per_row": _cost(spent, spent.rows),
        "cpu_microseconds_per_line": _cost(spent, records * factor),
        "stream_memory_mb": spent.memory_of(STREAM) >> 20,
        "sink_memory_mb": spent.memory_of(SINK) >> 20,
    }
    return figures, versions


def _cost(spent: Spent, count: int) -> dict[str, float]:
    """CPU microseconds for each of so many, by part."""
    return {part: round(spent.cpu_of(*apps) * 1e6 / count, 2) for part, apps in PARTS.items()}


def _goal(measured: list[dict[str, Any]]) -> Figure:
    what = f"CPU time of a row that stands, at {FACTORS[-1]} × to that at {FACTORS[0]} ×"
    return Figure("ratio_per_line", what, measured[-1]["ratio_per_line"], "×", GOAL)


def _sizes(measured: list[dict[str, Any]]) -> Table:
    """What there was at each factor, and the memory that it took."""
    found = Table(title="Everything grows", box=SIMPLE, title_justify="left")
    for name in (
        *("factor", "lines", "customers", "partitions", "facts", "rows"),
        *("stream's memory", "sink's memory"),
    ):
        found.add_column(name, justify="right")
    for one in measured:
        found.add_row(
            *(str(one["factor"]), f"{one['lines']:,}", f"{one['customers']:,}", str(one["partitions"])),
            *(f"{one['facts']:,}", f"{one['rows']:,}"),
            *(f"{one['stream_memory_mb']:,} MiB", f"{one['sink_memory_mb']:,} MiB"),
        )
    return found


def _costs(measured: list[dict[str, Any]]) -> Table:
    """What a row costs at each factor."""
    found = Table(title="What a row costs", box=SIMPLE, title_justify="left")
    found.add_column("factor", justify="right")
    for thing in _THINGS.values():
        for name in (f"CPU µs a {thing}", "to factor 1", "stream's", "sink's"):
            found.add_column(name, justify="right")
    for one in measured:
        cells = []
        for thing in _THINGS:
            cost = one[f"cpu_microseconds_per_{thing}"]
            cells += [f"{cost['all']:.1f}", f"{one[f'ratio_per_{thing}']:.2f} ×"]
            cells += [f"{cost['stream']:.1f}", f"{cost['sink']:.1f}"]
        found.add_row(str(one["factor"]), *cells)
    return found
