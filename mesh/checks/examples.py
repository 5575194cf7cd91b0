"""Examples: every public event has one that passes and one that is refused, and each does as its name says.

``examples/<Event>.v<N>.<case>.pass.json`` holds an event; one that ends in ``.fail.json`` holds
``{"refused": <code>, "event": …}``. Amounts are texts, moments ISO 8601, a version its bytes in hexadecimal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mesh.checks.check import Scope
from mesh.kernel.contract import Port
from mesh.kernel.discovery import Domain
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.event import Record
from mesh.kernel.quality import compile_rules
from mesh.kernel.structure import FieldShape, shapes

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


def domain_faults(domain: Domain) -> Iterator[ContractError]:
    """The faults of one domain's examples."""
    ports = {(port.record.__name__, port.version): port for port in domain.contract.ports}
    seen: set[tuple[str, str]] = set()
    for path in sorted((domain.folder / "examples").glob("*")):
        place = f"{domain.shown_as}/examples/{path.name}"
        match = _NAME.fullmatch(path.name)
        port = match and ports.get((match["event"], int(match["version"])))
        if match is None or port is None:
            known = [f"{event}.v{version}.<case>.pass.json" for event, version in ports]
            yield ContractError(
                "example-name",
                "is no example of an event",
                place=place,
                remedy=did_you_mean(path.name, known),
            )
            continue
        seen.add((port.name, match["kind"]))
        yield from _judged(port, path, place, match["kind"])
    for port in domain.contract.ports:
        for kind in ("pass", "fail"):
            if port.kind == "public" and (port.name, kind) not in seen:
                yield ContractError(
                    "example-missing",
                    f"{port.record.__name__} has no .{kind}.json example",
                    place=f"{domain.shown_as}/examples",
                    remedy="add one",
                )


def codes(port: Port, event: Any) -> set[str]:
    """The codes for which an event (as JSON) is refused; none when it passes."""
    try:
        record = read_event(event, port.record)
    except ValidationError:
        return {MALFORMED}
    return {broken.code for broken in compile_rules(port)(record.model_dump()) if broken.severity == "error"}


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
    if not isinstance(body, dict) or set(body) != {"refused", "event"}:
        yield ContractError("example-broken", "must hold 'refused' and 'event'", place=place)
        return
    found = codes(port, body["event"])
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
