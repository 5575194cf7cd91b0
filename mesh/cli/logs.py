"""``mesh logs``"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from mesh.kernel.errors import PlatformError, did_you_mean
from mesh.platform import client

POLL = 0.2  # seconds
CHUNK = 65_536  # bytes read at a time from the end


def command(
    part: Annotated[str, typer.Argument(help="The part, as `mesh status` names it; or 'supervisor'.")],
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many lines from the end.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
) -> None:
    """Show the end of a part's log."""
    log = find(part)
    with log.open("rb") as content:
        at = start_of_last(log, lines)
        content.seek(at)
        while True:
            typer.echo(content.read(), nl=False)
            if not follow:
                return
            time.sleep(POLL)
            if log.stat().st_size < content.tell():  # put aside at a restart
                content.seek(0)


def find(part: str) -> Path:
    """The log of a part; raises ``log-unknown`` with the nearest names."""
    paths = client.paths_of()
    log = paths.log(part)
    if not log.is_file() or log.parent != paths.logs:
        known = [path.stem for path in paths.logs.glob("*.log")]
        remedy = did_you_mean(part, known) if known else "start the mesh with `mesh up`"
        raise PlatformError("log-unknown", "has no log", place=part, remedy=remedy)
    return log


def start_of_last(log: Path, lines: int) -> int:
    """Where the last ``lines`` lines of a file begin, in bytes; read backwards, since logs are long."""
    with log.open("rb") as content:
        at = end = content.seek(0, 2)
        tail = b""
        while at > 0 and tail.count(b"\n") <= lines:
            step = min(CHUNK, at)
            at -= step
            content.seek(at)
            tail = content.read(step) + tail
    kept = tail.splitlines(keepends=True)[-lines:] if lines else []
    return end - sum(map(len, kept))
