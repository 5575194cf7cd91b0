"""``python -m benchmarks scaling``: how much faster two processes work off what has gathered."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks import result
from benchmarks.bounds import RECORDS, check
from benchmarks.feed import Feed
from benchmarks.own_mesh import STREAM, own_mesh
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener

COUNTS = (1, 2)


def command(
    records: Annotated[int, typer.Option(help="Order lines that have gathered.")] = 600_000,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Let facts gather, then work them off with one process of the stream, then with two, on fresh meshes.

    The sink is left out, so that the processors are the stream's and the broker's.
    """
    check("--records", records, RECORDS)
    console = screen(stderr=as_json)
    measured, versions = [], dict[str, str]()
    for count in COUNTS:
        console.print(f"{count} of the stream's processes")
        found, versions = _measured(records, count, console)
        measured.append(found)
    for one in measured:
        one["speedup"] = round(one["rows_per_second"] / measured[0]["rows_per_second"], 2)
    text = result.keep({"processes": measured}, result.about(**versions), "scaling", keep)
    if as_json:
        typer.echo(text, nl=False)
    else:
        console.print(_table(measured))


def _measured(records: int, count: int, console: Console) -> tuple[dict[str, Any], dict[str, str]]:
    """The figures of so many processes, and the versions of the services."""
    home = load_settings().home / "bench-mesh"
    with own_mesh(home, Listener(), apps=[STREAM]) as mesh, console.status("publishing") as spinner:
        mesh.scale(count)
        feed = Feed(mesh, records)
        feed.publish(feed.dimensions())
        mesh.work(feed.topics)
        mesh.stop(STREAM)
        feed.publish(feed.facts())
        mesh.start(STREAM)
        spent = mesh.work(feed.topics, lambda rows: spinner.update(f"{rows:,} rows"))
        versions = mesh.versions
    cpu = spent.cpu_of(STREAM)
    figures = {
        "processes": count,
        "rows": spent.rows,
        "rows_per_second": round(spent.pace()),
        "rows_per_cpu_second": round(spent.rows / cpu) if cpu else 0,
        "stream_cpu_seconds": round(cpu, 1),
        "broker_cpu_seconds": round(spent.cpu_of("broker"), 1),
    }
    return figures, versions


def _table(measured: list[dict[str, Any]]) -> Table:
    table = Table(title="One process and two", box=SIMPLE, title_justify="left")
    for name in (
        "processes",
        "rows",
        "rows a s",
        "faster",
        "rows a CPU s",
        "stream's CPU s",
        "broker's CPU s",
    ):
        table.add_column(name, justify="right")
    for one in measured:
        table.add_row(
            *(str(one["processes"]), f"{one['rows']:,}", f"{one['rows_per_second']:,}"),
            *(f"{one['speedup']:.2f} ×", f"{one['rows_per_cpu_second']:,}"),
            *(f"{one['stream_cpu_seconds']:,}", f"{one['broker_cpu_seconds']:,}"),
        )
    return table
