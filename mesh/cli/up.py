"""``mesh up``"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from mesh.platform import client, launch
from mesh.platform.part import PartStatus, State


def command(
    retailer: Annotated[
        str | None, typer.Option(help="The retailer whose contract overlay is in force.", metavar="NAME")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(help="Start only these parts or applications, separated by commas.", metavar="PARTS"),
    ] = None,
    no_workers: Annotated[
        bool, typer.Option("--no-workers", help="Start broker, registry and warehouse only.")
    ] = False,
    no_monitoring: Annotated[
        bool,
        typer.Option(
            "--no-monitoring", help="Leave out Prometheus, Alertmanager, monitor, pager and scheduler."
        ),
    ] = False,
) -> None:
    """Start the mesh on this machine: broker, registry, warehouse, Prometheus, then streams, sink and pager.

    What runs already is left as it is. State and data lie in .mesh (or MESH_HOME) and outlive `mesh down`.
    """
    console = Console(highlight=False)
    names = [name.strip() for name in only.split(",") if name.strip()] if only is not None else None
    with console.status("starting") as spinner:

        def watch(part: PartStatus) -> None:
            if part.ready:
                took = f"ready in {part.ready_seconds:.1f} s" if part.ready_seconds else "ready"
                console.print(f"[green]✓[/] {part.name:<22} {took}  [dim]{part.address}[/]")
            elif part.state in (State.STARTING, State.RECOVERING):
                spinner.update(f"{part.state} {part.name}")
            elif part.state is State.RESTARTING:
                console.print(f"[yellow]![/] {part.name:<22} {part.detail}")

        def fetched(done: int, total: int) -> None:
            spinner.update(f"checking Kafka and the registry: {done} of {total} files")

        listener = launch.Listener(report=console.print, watch=watch, fetched=fetched)
        started = launch.up(
            only=names,
            with_workers=not no_workers,
            with_monitoring=not no_monitoring,
            retailer=retailer,
            listener=listener,
        )
    if not started:
        console.print("the mesh already runs; nothing changed (see `mesh status`)")
        return
    ready = sum(part.ready for part in client.status())
    console.print(f"the mesh runs: {ready} parts ready; `mesh status` shows them, `mesh down` ends them")
