"""``mesh ack``: take on an incident."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from rich.console import Console

from mesh.kernel.settings import load_settings


def command(
    incident: Annotated[str, typer.Argument(help="As `mesh incidents` shows it.", metavar="ID")],
    note: Annotated[str, typer.Option(help="What the others should know.")] = "",
    by: Annotated[str, typer.Option(help="Who takes it on; you, unless said otherwise.")] = "",
) -> None:
    """Take on an incident: everyone who was paged is told that you look after it. The first one stands."""
    from observability.pager import client

    found, new = client.acknowledge(load_settings(), incident, by or _user(), note)
    console = Console(highlight=False, soft_wrap=True)
    if new:
        console.print(f"[green]✓[/] you have {found['name']} ({found['id']}); whoever was paged is told")
    else:
        console.print(f"{found['name']} ({found['id']}) was taken on by {found['acknowledged_by']} already")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "somebody"
