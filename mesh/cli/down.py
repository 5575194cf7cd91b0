"""``mesh down``"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from mesh.platform import launch


def command(
    purge: Annotated[
        bool, typer.Option("--purge", help="Also delete all data: topics, schemas, tables, state, logs.")
    ] = False,
) -> None:
    """End the mesh: every part, in reverse order of start. Data stays, unless --purge is given."""
    console = Console(highlight=False)
    with console.status("ending the mesh"):
        ran = launch.down(purge=purge)
    console.print("the mesh has ended" if ran else "the mesh was not running")
    if purge:
        console.print("its data is deleted")
