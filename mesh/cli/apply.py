"""``mesh apply``: bring broker, registry and warehouse to what the contracts say."""

from __future__ import annotations

import typer

from mesh.kernel.settings import load_settings
from mesh.provisioning import apply


def command() -> None:
    """Create topics, register schemas and create tables from the contracts; twice changes nothing."""
    changes: list[str] = []

    def report(line: str) -> None:
        changes.append(line)
        typer.echo(line)

    apply(load_settings(), report)
    typer.echo(f"{len(changes)} changes" if changes else "nothing to change")
