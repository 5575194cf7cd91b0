"""``mesh ack``: take on an incident."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from mesh.kernel.settings import load_settings


def command(
    incident: Annotated[str, typer.Argument(help="As `mesh incidents` shows it.", metavar="ID")],
    note: Annotated[str, typer.Option(help="What the others should know.")] = "",
    by: Annotated[str, typer.Option(help="Who takes it on; you, unless said otherwise.")] = "",
) -> None:
    """Take on an incident: everyone who was paged is told that you look after it. The first one stands."""
    from observability.pager import client

    found, new = client.acknowledge(load_settings(), incident, by or _user(), note)
    named = f"{found['name']} ({found['id']})"
    if new:
        typer.echo(f"✓ you have {named}; whoever was paged is told")
    else:
        typer.echo(f"{named} was taken on by {found['acknowledged_by']} already")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "somebody"
