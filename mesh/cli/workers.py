"""``mesh workers``"""

from __future__ import annotations

from typing import Annotated

import typer

from mesh.cli._screen import screen
from mesh.platform import client
from mesh.platform.workers import STREAMS


def command(
    count: Annotated[int, typer.Argument(min=1, help="Processes of each stream application.")],
    app: Annotated[str | None, typer.Option(help="Only this application, or 'sink'.", metavar="NAME")] = None,
) -> None:
    """Scale the stream applications to so many processes each; partitions are shared out among them."""
    console = screen()
    partitions = client.running_settings().get("partitions", count)
    if count > partitions:
        console.print(
            f"[yellow]![/] {partitions} partitions are shared out: more processes than that are idle"
        )
    for name in [app] if app else STREAMS:
        with console.status(f"scaling {name}"):
            client.scale(name, count)
        console.print(f"[green]✓[/] {name:<22} {count} {'process' if count == 1 else 'processes'}")
