"""``mesh keep``: bring kept measures up to date."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from rich.table import Table

from mesh.cli._screen import screen
from mesh.kernel.clock import now
from mesh.kernel.settings import load_settings


def command(
    names: Annotated[list[str] | None, typer.Argument(help="Kept tables; all when none is named.")] = None,
    every: Annotated[
        float, typer.Option(min=0, help="Seconds between two refreshes; 0: once, and end.")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Bring kept measures up to date: work out the pieces that something has landed for, and no others.

    `mesh measure --within SECONDS` then answers from them.
    """
    from analytics.semantic.keeping import Keeper
    from analytics.semantic.reading import read_model
    from mesh.cli._marts_asked import warehouse
    from mesh.kernel.alone import alone
    from mesh.kernel.discovery import find_mesh
    from mesh.kernel.errors import MeasureError, did_you_mean

    settings = load_settings()
    mesh = find_mesh(settings)
    model = read_model(mesh)
    known = [kept.name for kept in model.kept]
    for name in names or ():
        if name not in known:
            raise MeasureError("measure-unknown", "is not kept", place=name, remedy=did_you_mean(name, known))
    with alone(settings.home, "kept"), warehouse(settings) as client:
        keeper = Keeper(client, model, mesh, settings.timezone)
        while True:
            table = Table("kept", title="kept measures")
            for heading in ("pieces worked out", "seconds"):
                table.add_column(heading, justify="right")
            for name in names or known:
                began = now()
                done = keeper.refresh(name, began)
                seconds = round((now() - began).total_seconds(), 3)
                if as_json:
                    document = {"kept": name, "pieces": done.pieces, "seconds": seconds}
                    typer.echo(json.dumps(document))
                else:
                    table.add_row(name, f"{done.pieces:,}", f"{seconds:.2f}")
            if not as_json:
                screen().print(table)
            if not every:
                return
            time.sleep(every)
