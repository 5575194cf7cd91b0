"""``mesh close``: close a month."""

from __future__ import annotations

import getpass
import json
import socket
from typing import Annotated

import typer
from rich.table import Table

from mesh.cli._marts_asked import warehouse
from mesh.cli._screen import screen
from mesh.kernel.clock import now
from mesh.kernel.settings import load_settings


def command(
    month: Annotated[str, typer.Argument(help="A month that is over, such as 2026-10.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Close a month: what is known of it stays, later corrections show as adjustments with their events."""
    from analytics.marts import asking, closing
    from analytics.marts.reading import read_library
    from analytics.marts.refresh import Refresh
    from mesh.kernel.alone import alone
    from mesh.kernel.discovery import find_mesh

    first = closing.parse_month(month)
    settings = load_settings()
    mesh = find_mesh(settings)
    library = read_library(mesh)
    who = f"{getpass.getuser()}@{socket.gethostname()}"
    with alone(settings.home, "marts"), warehouse(settings) as client:
        run = Refresh(client, library, mesh, settings.timezone)
        closed = closing.close(client, library, first, settings.timezone, who=who, now=now())
        for name in closing.MARTS:
            run.run(library.mart(name), now())
        rows = asking.standing(client, library.mart("closed_periods"), None).rows
    kept = {row[1]: row[4] for row in rows if row[0] == first}
    if as_json:
        document = {"month": month, "postings": closed.postings, "at_close": kept}
        typer.echo(json.dumps(document, default=str))
        return
    table = Table(title=f"{month} as known at close, {closed.postings:,} lines, payments and returns")
    table.add_column("measure")
    table.add_column("at close", justify="right")
    for name, amount in kept.items():
        table.add_row(name, f"{amount:,}")
    screen().print(table)
