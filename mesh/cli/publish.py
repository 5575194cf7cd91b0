"""``mesh publish``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.errors import ContractError, PublishError, did_you_mean
from mesh.kernel.event import Event
from mesh.kernel.settings import load_settings
from mesh.publish import Publisher
from mesh.publish.check import Checker
from mesh.publish.envelope import stamp
from mesh.publish.json_file import Stated, read_file


def command(
    event: Annotated[str, typer.Argument(help="The event, such as OrderPlaced.", metavar="EVENT")],
    file: Annotated[
        Path | None,
        typer.Argument(help="Events as JSON; default: standard input.", metavar="FILE"),
    ] = None,
    traceparent: Annotated[
        str | None, typer.Option(help="W3C traceparent of the request that causes them.", metavar="HEADER")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Check only, send nothing.")] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Print an event to start from, publish nothing.")
    ] = False,
) -> None:
    """Publish events written as JSON: all of them, or none when one is refused.

    One object a line, one or several over many lines, or a list of them. Amounts are text ("12.30"), moments
    ISO 8601 with a zone. event_id, recorded_at and trace_id are stamped where they are left out.
    """
    settings = load_settings()
    mesh = find_mesh(settings)
    record = _record(mesh, event)
    if example:
        typer.echo(_example(mesh, record))
        return
    if file is not None and not file.is_file():
        raise PublishError("file-missing", "does not exist", place=str(file))
    events = read_file(record, _text(file), str(file or "stdin"))
    checker = Checker(mesh)
    for stated in events:
        _check(checker, record, stated, traceparent)
    if check:
        typer.echo(f"{len(events)} events hold to the contract; nothing was sent")
        return
    with Publisher(settings) as publisher:
        for stated in events:
            publisher.publish(record, stated.values, traceparent=traceparent)
    typer.echo(f"published {len(events)} events to {checker.port(record).topic}")


def _record(mesh: Mesh, event: str) -> type[Event]:
    records = {p.record.__name__: p.record for p in mesh.ports.values() if issubclass(p.record, Event)}
    if event not in records:
        raise PublishError(
            "event-unknown", "is not an event", place=event, remedy=did_you_mean(event, records)
        )
    return records[event]


def _check(checker: Checker, record: type[Event], stated: Stated, traceparent: str | None) -> None:
    """Check one event; a fault names the line beside the field."""
    try:
        checker.check(record, stamp(checker.port(record), stated.values, traceparent))
    except PublishError as fault:
        path = fault.place.removeprefix(f"{record.__name__}.")
        raise PublishError(
            fault.code, fault.what, place=f"{stated.where(path)} {fault.place}", remedy=fault.remedy
        ) from None


def _example(mesh: Mesh, record: type[Event]) -> str:
    """The fullest example of an event that its contract accepts, as its domain wrote it."""
    folder = mesh.domains[record.domain].folder / "examples"
    found = sorted(folder.glob(f"{record.__name__}.v*.pass.json"), key=lambda path: path.stat().st_size)
    if not found:
        raise ContractError(
            "example-missing",
            f"{record.__name__} has no .pass.json example",
            place=str(folder),
            remedy="write the event after its class, and add it there",
        )
    return found[-1].read_text(encoding="utf-8").rstrip()


def _text(file: Path | None) -> str:
    content = sys.stdin.buffer.read() if file is None else file.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise PublishError("json-broken", "is not text in UTF-8", place=str(file or "stdin")) from None
