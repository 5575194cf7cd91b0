"""Events written as JSON, one a line: what a shell or a program in another language can hand over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mesh.kernel.errors import PublishError, did_you_mean
from mesh.kernel.event import Event
from mesh.kernel.structure import shapes
from schemas.derive import field_annotation


def read_events(record: type[Event], lines: Iterable[str], place: str) -> Iterator[dict[str, Any]]:
    """The values of each line's event, with the Python types of its fields; empty lines are left out.

    Amounts are strings (``"12.30"``), moments ISO 8601 with a zone, days ``YYYY-MM-DD``. Fields that the SDK
    stamps may be missing. Raises :class:`PublishError` with the number of the line.
    """
    fields = {name: TypeAdapter[Any](field_annotation(info)) for name, info in record.model_fields.items()}
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _event(record, fields, line, f"{place}:{number}")


def _event(record: type[Event], fields: dict[str, TypeAdapter[Any]], line: str, place: str) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except json.JSONDecodeError as error:
        raise PublishError("json-broken", f"is not JSON ({error.msg})", place=place) from None
    if not isinstance(given, dict):
        raise PublishError("json-broken", "is not an object of fields", place=place)
    for name in given:
        if name not in fields:
            what = f"{name!r} is not a field of {record.__name__}"
            raise PublishError("field-unknown", what, place=place, remedy=did_you_mean(name, fields))
    for path in _inexact(record, given, ""):
        raise PublishError(
            "value-invalid",
            f"{path} is a number with a point, whose digits JSON does not keep",
            place=place,
            remedy='write amounts as text, "12.30"',
        )
    values = {}
    for name, value in given.items():
        try:
            values[name] = fields[name].validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            path = ".".join([name, *(str(part) for part in first["loc"] if isinstance(part, str))])
            what = f"{path}: {first['msg'][0].lower()}{first['msg'][1:]}"
            raise PublishError(
                "value-invalid", what, place=place, remedy=f"see {record.__module__}"
            ) from None
    return values


def _inexact(record: type[Event], value: Any, path: str) -> Iterator[str]:
    """The paths of numbers with a point in fields that must be exact."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _inexact(record, child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for child in value:
            yield from _inexact(record, child, path)
    elif (
        isinstance(value, float)
        and path in (known := shapes(record))
        and known[path].python_type is not float
    ):
        yield path
