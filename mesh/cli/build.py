"""``mesh build``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mesh.checks.derived import waiting
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import load_settings


def command(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 naming what is stale.")
    ] = False,
) -> None:
    """Write what is derived and committed: schemas, SQL, READMEs, rules, runbooks, dashboards."""
    mesh = find_mesh(load_settings())
    stale = list(waiting(mesh))
    for found in stale:
        if not check:
            found.write()
        typer.echo(f"{'stale' if check else 'written'}: {_shown(found.path)}")
    if check and stale:
        typer.echo("run `mesh build` and commit what it writes", err=True)
        raise typer.Exit(1)
    if not stale:
        typer.echo("everything derived is up to date")


def _shown(path: Path) -> str:
    """A path as people know it, from where they stand."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
