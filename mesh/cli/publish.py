"""``mesh publish``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PublishError, did_you_mean
from mesh.kernel.event import Event
from mesh.kernel.settings import load_settings
from mesh.publish import Publisher
from mesh.publish.check import Checker
from mesh.publish.envelope import stamp
from mesh.publish.json_lines import read_events


def command(
    event: Annotated[str, typer.Argument(help="The event, such as OrderPlaced.", metavar="EVENT")],
    file: Annotated[
        Path | None,
        typer.Argument(help="Events as JSON, one a line; default: standard input.", metavar="FILE"),
    ] = None,
    traceparent: Annotated[
        str | None, typer.Option(help="W3C traceparent of the request that causes them.", metavar="HEADER")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Check only, send nothing.")] = False,
) -> None:
    """Publish events written as JSON, one a line: all of them, or none when one is refused.

    Amounts are text ("12.30"), moments ISO 8601 with a zone. event_id, recorded_at and trace_id are stamped.
    """
    settings = load_settings()
    mesh = find_mesh(settings)
    records = {p.record.__name__: p.record for p in mesh.ports.values() if issubclass(p.record, Event)}
    if event not in records:
        raise PublishError(
            "event-unknown", "is not an event", place=event, remedy=did_you_mean(event, records)
        )
    record = records[event]
    if file is not None and not file.is_file():
        raise PublishError("file-missing", "does not exist", place=str(file))
    events = list(read_events(record, _lines(file), str(file or "stdin")))
    checker = Checker(mesh)
    for values in events:
        checker.check(record, stamp(checker.port(record), values, traceparent))
    if check:
        typer.echo(f"{len(events)} events hold to the contract; nothing was sent")
        return
    with Publisher(settings) as publisher:
        for values in events:
            publisher.publish(record, values, traceparent=traceparent)
    typer.echo(f"published {len(events)} events to {checker.port(record).topic}")


def _lines(file: Path | None) -> list[str]:
    """The lines of a file or of standard input; other separators than the line feed may stand in a text."""
    content = sys.stdin.buffer.read() if file is None else file.read_bytes()
    try:
        return content.decode().split("\n")
    except UnicodeDecodeError:
        raise PublishError("json-broken", "is not text in UTF-8", place=str(file or "stdin")) from None
