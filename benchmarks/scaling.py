"""``python -m benchmarks scaling``: how much faster two processes work off what has gathered."""

from __future__ import annotations

from typing import Annotated, Any

import psutil
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.bounds import RECORDS, check
from benchmarks.feed import Feed
from benchmarks.own_mesh import STREAM, own_mesh
from benchmarks.result import keep
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener

COUNTS = (1, 2)


def command(
    records: Annotated[int, typer.Option(help="Order lines that have gathered.")] = 200_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Let facts gather, then work them off with one process of the stream, then with two, on fresh meshes.

    The sink is left out, so that the processors are the stream's and the broker's.
    """
    check("--records", records, RECORDS)
    console = screen(stderr=as_json)
    measured = []
    for count in COUNTS:
        console.print(f"{count} of the stream's processes")
        measured.append(_measured(records, count, console))
    for one in measured:
        one["speedup"] = round(one["rows_per_second"] / measured[0]["rows_per_second"], 2)
    text = keep({"cores": psutil.cpu_count(), "processes": measured}, "scaling")
    if as_json:
        typer.echo(text, nl=False)
    else:
        console.print(_table(measured))


def _measured(records: int, count: int, console: Console) -> dict[str, Any]:
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
    cpu = spent.cpu_of(STREAM)
    return {
        "processes": count,
        "rows": spent.rows,
        "rows_per_second": round(spent.pace()),
        "rows_per_cpu_second": round(spent.rows / cpu) if cpu else 0,
        "stream_cpu_seconds": round(cpu, 1),
        "broker_cpu_seconds": round(spent.cpu_of("broker"), 1),
    }


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
