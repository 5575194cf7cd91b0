"""``mesh new``"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mesh.checks.derived import waiting, waiting_in
from mesh.kernel.discovery import (
    BUILT_IN,
    assemble,
    find_folders,
    find_mesh,
    is_built_in,
    parents,
    read_domain,
    root,
)
from mesh.kernel.errors import MeshError
from mesh.kernel.settings import Settings, load_settings, remember
from mesh.scaffold.folder import place_for, texts, write
from mesh.scaffold.naming import name_domain

VARIABLE = "MESH_DOMAINS"


def command(
    name: Annotated[
        str, typer.Argument(help="The domain: a letter, then letters and digits.", metavar="NAME")
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            "--in",
            help="The folder that holds your domains, made where it is missing. "
            "Default: the first of MESH_DOMAINS, else domains/ of this tree.",
            metavar="FOLDER",
            file_okay=False,
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Who answers for it and gets its pages; default: NAME@retail.example.", metavar="EMAIL"
        ),
    ] = None,
) -> None:
    """Write the folder of a new domain: one event with its contract, product, samples and runbook.

    It passes every check as it stands. Make it yours, then `mesh plan` and `mesh apply` bring it to life.
    """
    settings = load_settings()
    mesh = find_mesh(settings)
    names = name_domain(name, mesh.domains)
    known = parents(settings.domains)
    parent = (into or (known[0] if known else root() / BUILT_IN)).expanduser().absolute()
    folder = place_for(parent, names)
    contents = texts(names, owner or f"{name}@retail.example")
    made = [path for path in (folder, *parent.parents, parent) if not path.exists()]
    try:
        write(folder, contents)
        joined = assemble(
            read_domain(one, settings.partitions) for one in find_folders(_folders(parent, settings))
        )
        domain = joined.domains[name]
        for stale in waiting(joined) if is_built_in(folder) else waiting_in([domain]):
            stale.write()
    except MeshError:
        for path in made:
            shutil.rmtree(path, ignore_errors=True)
        raise
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[green]✓[/] {_shown(folder)}")
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        console.print(f"  {path.relative_to(folder)}", markup=False)
    port = domain.contract.ports[0]
    console.print(
        f"topic {port.topic}, view {port.view}, owner {port.owner}\n"
        f"next: make events.py and contract.yaml yours, then"
    )
    for line in _next(parent, settings):
        console.print(f"  {line}", markup=False)


def _folders(parent: Path, settings: Settings) -> str:
    """The setting that finds the domains in ``parent`` too."""
    known = [path.absolute() for path in parents(settings.domains)]
    return ":".join(map(str, known if parent in (root() / BUILT_IN, *known) else [*known, parent]))


def _next(parent: Path, settings: Settings) -> list[str]:
    """The commands that follow; the folder is remembered unless this shell names others."""
    steps = ["mesh build     # after every change", "mesh check", "mesh plan", "mesh apply"]
    folders = _folders(parent, settings)
    if folders == _folders(root() / BUILT_IN, settings):
        return steps
    if os.environ.get(VARIABLE):
        return [f"export {VARIABLE}={folders}", *steps]
    remember(settings.home, domains=folders)
    return steps


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
