"""``mesh apply``: bring broker, registry, warehouse and watching to what the contracts say."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from mesh.cli.plan import count
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings, load_settings
from mesh.platform import client
from mesh.provisioning.learners import learners
from mesh.provisioning.plan import apply


def command(
    restart: Annotated[
        bool,
        typer.Option(help="Start those processes anew that learn of a change only at their start."),
    ] = True,
) -> None:
    """Do what `mesh plan` shows, and no more; twice changes nothing.

    While something is incompatible, nothing is changed. Of the mesh on this machine, the processes that must
    learn of a change are started anew, one after the other.
    """
    settings = load_settings()
    console = Console(highlight=False, soft_wrap=True)
    with console.status("reading what is there, then changing what differs"):
        plan = apply(settings, lambda line: console.print(line, markup=False))
    console.print(count(len(plan.due)) if plan.due else "nothing to change")
    for note in plan.notes:
        console.print(note, style="dim", markup=False)
    if restart and plan.due and client.running(settings.home):
        _restart(learners(plan.due, find_mesh(settings)), settings, console)


def _restart(applications: set[str], settings: Settings, console: Console) -> None:
    """Start the running processes of these applications anew, so that each is away as briefly as can be."""
    for part in client.status(settings.home):
        if f"mesh.{part.name.rstrip('0123456789').rstrip('-')}" in applications and part.pid:
            with console.status(f"restarting {part.name}, which must learn of this"):
                client.restart_part(part.name, settings.home)
            console.print(f"[green]✓[/] {part.name} started anew")
