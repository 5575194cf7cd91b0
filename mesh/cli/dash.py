"""``mesh dash``: a dashboard in the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from mesh.cli._keys import Keys
from mesh.cli._screen import screen
from mesh.kernel.clock import now_seconds
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import MeshError
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from observability.dashboards.panel import Dashboard
    from observability.dashboards.reading import Reading

MOMENT = 0.2
"""Seconds after which a changed size of the terminal is noticed."""


def command(
    product: Annotated[
        str, typer.Argument(help="A data product; without one, the platform.", show_default=False)
    ] = "platform",
    once: Annotated[bool, typer.Option("--once", help="Print one picture and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the values as JSON and end.")] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between two pictures.")] = 5,
    minutes: Annotated[float, typer.Option(min=1, help="How far back the courses go.")] = 15,
) -> None:
    """Show the panels of a data product, or of the platform, live in this terminal.

    They are the panels that Grafana has. Keys: right and left turn pages, q ends.
    """
    from observability.dashboards import find
    from observability.dashboards.document import document
    from observability.dashboards.reading import Span
    from observability.dashboards.source import Prometheus
    from observability.dashboards.terminal import blocks

    settings = load_settings()
    dashboard = find(find_mesh(settings), product)
    with Prometheus(settings.prometheus) as prometheus:

        def read() -> Reading:
            return prometheus.read(dashboard, Span(now_seconds(), minutes * 60))

        if as_json:
            typer.echo(json.dumps(document(dashboard, read()), indent=1))
        elif once or not sys.stdout.isatty():
            console = screen()
            console.print(*(block.picture for block in blocks(dashboard, read(), console.width)), sep="\n")
        else:
            watch(dashboard, read, interval)


def watch(dashboard: Dashboard, read: Callable[[], Reading], interval: float) -> None:
    """Draw anew every ``interval`` seconds, at every key and whenever the terminal changes its size.

    When Prometheus goes away the last picture stays, with a line that says so.
    """
    from observability.dashboards.terminal import blocks, pages

    console = Console(highlight=False)
    reading, trouble, place = read(), "", 0
    due = now_seconds() + interval
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            size = console.size
            dealt = pages(blocks(dashboard, reading, size.width), size.height - 1)
            place %= len(dealt)
            foot = Text(trouble or _help(place, len(dealt)), style="red" if trouble else "bright_black")
            foot.truncate(size.width, overflow="ellipsis")
            live.update(Group(*(block.picture for block in dealt[place]), foot), refresh=True)
            while True:
                key = keys.wait(MOMENT)
                if key == "q":
                    return
                place += {"right": 1, "left": -1}.get(key or "", 0)
                if now_seconds() >= due:
                    try:
                        reading, trouble = read(), ""
                    except MeshError as error:
                        trouble = str(error)
                    due = now_seconds() + interval
                    break
                if key or console.size != size:
                    break


def _help(place: int, count: int) -> str:
    turn = f"page {place + 1} of {count}, ← → turn  ·  " if count > 1 else ""
    return f"{turn}q ends"
