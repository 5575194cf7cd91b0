"""``mesh runbook``: what to do about an alert, without a browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.errors import MeshError, did_you_mean
from mesh.kernel.settings import load_settings
from observability.platform_alerts import RUNBOOK
from observability.runbooks import FILE, sections


def command(
    alert: Annotated[
        str | None, typer.Argument(help="The alert's name, as the page has it; none: list them all.")
    ] = None,
) -> None:
    """Show what an alert means, whom it hurts, what to look at, and what to do."""
    known = {name: text for page in pages() for name, text in sections(page.read_text("utf-8")).items()}
    if alert is None:
        for name in sorted(known):
            typer.echo(name)
        return
    found = next((name for name in known if name.lower() == alert.lower()), None)
    if found is None:
        raise MeshError("alert-unknown", "is not an alert", place=alert, remedy=did_you_mean(alert, known))
    if sys.stdout.isatty():
        Console().print(Markdown(known[found]))
    else:
        typer.echo(known[found], nl=False)


def pages() -> Iterator[Path]:
    """The runbooks of all domains and of the platform, those that there are."""
    folders = [domain.folder for domain in find_mesh(load_settings()).domains.values()]
    yield from (page for folder in folders if (page := folder / FILE).exists())
    yield root() / RUNBOOK
