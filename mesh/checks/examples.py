"""Examples: every public event has one that passes and one that is refused, and each does as its name says.

``examples/<Event>.v<N>.<case>.pass.json`` holds an event; one that ends in ``.fail.json`` holds
``{"refused": <code>, "event": …}``. Amounts are texts, moments ISO 8601, a version its bytes in hexadecimal.
A list of events, or ``events`` in the place of ``event``, is judged as a table too. A retailer's own
examples, judged by its overlay, stand in ``data/<retailer>/examples``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mesh.checks.check import Scope
from mesh.kernel.contract import Port
from mesh.kernel.discovery import Domain, Mesh, root
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.event import Record
from mesh.kernel.overlay import read_overlay
from mesh.kernel.quality import compile_rules
from mesh.kernel.structure import FieldShape, shapes
from mesh.kernel.table_fold import broken

MALFORMED = "event-malformed"
"""Code of an example that its event's structure refuses; every other code is that of a rule."""
_NAME = re.compile(
    r"(?P<event>[A-Za-z0-9]+)\.v(?P<version>[1-9][0-9]*)\.(?P<case>[a-z0-9-]+)\.(?P<kind>pass|fail)\.json"
)
_READ: dict[type, Callable[[str], object]] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    bytes: bytes.fromhex,
}


def faults(scope: Scope) -> Iterator[ContractError]:
    """Examples that do not do as their names say, and public events without one of each kind."""
    for domain in scope.domains:
        yield from domain_faults(domain)
    if scope.mesh is not None:
        for overlay in sorted((root() / "data").glob("*/overlay.yaml")):
            if (overlay.parent / "examples").is_dir():
                yield from retailer_faults(scope.mesh, overlay.parent)


def domain_faults(domain: Domain) -> Iterator[ContractError]:
    """The faults of one domain's examples."""
    seen: set[tuple[str, str]] = set()
    yield from _folder_faults(domain.folder / "examples", domain.shown_as, domain.contract.ports, seen)
    for port in domain.contract.ports:
        for kind in ("pass", "fail"):
            if port.kind == "public" and (port.name, kind) not in seen:
                yield ContractError(
                    "example-missing",
                    f"{port.record.__name__} has no .{kind}.json example",
                    place=f"{domain.shown_as}/examples",
                    remedy="add one",
                )


def retailer_faults(mesh: Mesh, folder: Path) -> Iterator[ContractError]:
    """The faults of the examples of one retailer, with its overlay in force."""
    shown_as = f"data/{folder.name}"
    try:
        own = mesh.with_overlay(read_overlay(folder / "overlay.yaml", f"{shown_as}/overlay.yaml"))
    except ContractError:
        return  # the check of the overlays tells it
    yield from _folder_faults(folder / "examples", shown_as, own.ports.values(), set())


def _folder_faults(
    folder: Path, shown_as: str, known: Iterable[Port], seen: set[tuple[str, str]]
) -> Iterator[ContractError]:
    """The faults of the examples in a folder; ports and kinds that have one are added to ``seen``."""
    ports = {(port.record.__name__, port.version): port for port in known}
    for path in sorted(folder.glob("*")):
        place = f"{shown_as}/examples/{path.name}"
        match = _NAME.fullmatch(path.name)
        port = match and ports.get((match["event"], int(match["version"])))
        if match is None or port is None:
            names = [f"{event}.v{version}.<case>.pass.json" for event, version in ports]
            yield ContractError(
                "example-name",
                "is no example of an event",
                place=place,
                remedy=did_you_mean(path.name, names),
            )
            continue
        seen.add((port.name, match["kind"]))
        yield from _judged(port, path, place, match["kind"])


def codes(port: Port, event: Any) -> set[str]:
    """The codes for which an event, or a list of them (as JSON), is refused; none when it passes."""
    try:
        records = [
            read_event(one, port.record).model_dump()
            for one in (event if isinstance(event, list) else [event])
        ]
    except ValidationError:
        return {MALFORMED}
    check = compile_rules(port)
    found = {fault.code for record in records for fault in check(record) if fault.severity == "error"}
    if isinstance(event, list):
        found |= {fault.rule.code for fault in broken(port, records) if fault.rule.severity == "error"}
    return found


def read_event(event: Any, record: type[Record]) -> Record:
    """The record that an event's JSON states; raise pydantic's ``ValidationError`` when it is none."""
    return record.model_validate(_values(event, record))


def _judged(port: Port, path: Path, place: str, kind: str) -> Iterator[ContractError]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        yield ContractError("example-broken", f"is not JSON: {error}", place=place)
        return
    if kind == "pass":
        wrong = codes(port, body)
        if wrong:
            yield ContractError("example-refused", f"is refused for {', '.join(sorted(wrong))}", place=place)
        return
    if not isinstance(body, dict) or set(body) not in ({"refused", "event"}, {"refused", "events"}):
        yield ContractError("example-broken", "must hold 'refused' and 'event'", place=place)
        return
    found = codes(port, body.get("event", body.get("events")))
    if found != {body["refused"]}:
        said = ", ".join(sorted(found)) or "nothing"
        yield ContractError(
            "example-passed", f"is refused for {said}, not for {body['refused']!r}", place=place
        )


def _values(event: Any, record: type[Record]) -> Any:
    """The Python values of an event's JSON; what cannot be read stays, for the structure to refuse."""
    if not isinstance(event, Mapping):
        return event
    known = shapes(record)
    return {name: _value(value, known[name]) if name in known else value for name, value in event.items()}


def _value(value: Any, shape: FieldShape) -> Any:
    if shape.record is not None:
        if isinstance(value, list):
            return [_values(element, shape.record) for element in value]
        return _values(value, shape.record)
    read = _READ.get(shape.python_type)
    if read is not None and isinstance(value, str):
        with suppress(ValueError, InvalidOperation):
            return read(value)
    return value
