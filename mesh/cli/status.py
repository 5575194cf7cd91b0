"""``mesh status``"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from mesh.cli._screen import screen
from mesh.platform import client
from mesh.platform.part import PartStatus, State

COLOURS = {State.READY: "green", State.FAILED: "red", State.UNHEALTHY: "red", State.STOPPED: "dim"}
MIB = 1 << 20
WIDTH = 160  # columns, where there is no terminal to ask


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show each part: process, address, health, version, memory, restarts. Exit 1 when one is not ready."""
    parts = client.status()
    if as_json:
        document = {"settings": client.running_settings(), "parts": [asdict(part) for part in parts]}
        typer.echo(json.dumps(document, indent=1))
    else:
        screen(WIDTH).print(_table(parts))
    if not all(part.ready for part in parts):
        raise typer.Exit(1)


def _table(parts: list[PartStatus]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("part", "pid", "address", "health", "version"):
        table.add_column(heading, overflow="fold")
    for heading in ("memory", "restarts", "up for"):
        table.add_column(heading, justify="right")
    for part in parts:
        health = f"[{COLOURS.get(part.state, 'yellow')}]{part.state}[/]"
        table.add_row(
            part.name,
            str(part.pid or "–"),
            part.address,
            f"{health} ({part.detail})" if part.detail else health,
            part.version,
            f"{part.memory_bytes / MIB:.0f} MiB" if part.pid else "–",
            str(part.restarts),
            duration(part.up_seconds) if part.pid else "–",
        )
    total = sum(part.memory_bytes for part in parts)
    table.add_section()
    table.add_row("together", "", "", "", "", f"{total / MIB:.0f} MiB", "", "")
    return table


def duration(seconds: float) -> str:
    """A time span for people, in its two greatest units: ``2 h 5 min``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(shown[:2]) or "0 s"
