"""Events written as JSON: what a shell or a program in another language can hand over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mesh.kernel.errors import PublishError, did_you_mean
from mesh.kernel.event import Event
from mesh.kernel.structure import shapes
from schemas.derive import field_annotation


def read_events(record: type[Event], lines: Iterable[str], place: str) -> Iterator[dict[str, Any]]:
    """The values of each line's event, as :func:`read_event` gives them; empty lines are left out.

    Raises :class:`PublishError` with the number of the line.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield read_event(record, line, partial(_of_line, place, number))


def read_event(record: type[Event], text: str, where: Callable[[str], str]) -> dict[str, Any]:
    """The values of one event, with the Python types of its fields.

    Amounts are strings (``"12.30"``), moments ISO 8601 with a zone, days ``YYYY-MM-DD``. Fields that the SDK
    stamps may be missing. Raises :class:`PublishError` at the place that ``where`` gives for the dotted path
    of a field, or for the empty path.
    """
    fields = _adapters(record)
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise PublishError("json-broken", f"is not JSON ({error.msg})", place=where("")) from None
    if not isinstance(given, dict):
        raise PublishError("json-broken", "is not an object of fields", place=where(""))
    for name in given:
        if name not in fields:
            what = f"{name!r} is not a field of {record.__name__}"
            raise PublishError("field-unknown", what, place=where(name), remedy=did_you_mean(name, fields))
    for path in _inexact(record, given, ""):
        raise PublishError(
            "value-invalid",
            f"{path} is a number with a point, whose digits JSON does not keep",
            place=where(path),
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
                "value-invalid", what, place=where(path), remedy=f"see {record.__module__}"
            ) from None
    return values


def _of_line(place: str, number: int, _: str) -> str:
    return f"{place}:{number}"


@cache
def _adapters(record: type[Event]) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter[Any](field_annotation(info)) for name, info in record.model_fields.items()}


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
