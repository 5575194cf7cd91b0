"""What a record is made of: every field with its path, as the contract and the checks need it."""

from __future__ import annotations

import types
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AwareDatetime

from mesh.kernel.event import PersonalMark, Record

LOGICAL_TYPES: dict[type, str] = {
    str: "string",
    bytes: "string",
    int: "integer",
    Decimal: "number",
    float: "number",
    bool: "boolean",
    datetime: "timestamp",
    date: "date",
}


@dataclass(frozen=True)
class FieldShape:
    """The shape of one field: what stands in it, and how it may occur."""

    path: str
    """Dotted path from the record, such as ``lines.quantity``."""
    python_type: type[Any]
    """The plain Python type of the value, or of an element of the list."""
    nullable: bool
    """Whether it may be null."""
    repeated: bool
    """Whether it is a list."""
    personal: bool
    """Whether its text belongs to a person."""

    @property
    def record(self) -> type[Record] | None:
        """The nested record's class, when it is one."""
        return self.python_type if issubclass(self.python_type, Record) else None

    @property
    def logical_type(self) -> str:
        """Its type in the words of the Open Data Contract Standard."""
        return "array" if self.repeated else LOGICAL_TYPES.get(self.python_type, "object")


@cache
def shapes(record: type[Record]) -> dict[str, FieldShape]:
    """Every field of a record by its dotted path, those of nested records included, in their order."""
    found: dict[str, FieldShape] = {}
    _collect(record, "", found)
    return found


def _collect(record: type[Record], prefix: str, found: dict[str, FieldShape]) -> None:
    for name, info in record.model_fields.items():
        marks = list(info.metadata)
        shape = _shape(prefix + name, info.annotation, marks)
        found[shape.path] = shape
        if shape.record is not None:
            _collect(shape.record, shape.path + ".", found)


def _shape(path: str, annotation: Any, marks: list[Any]) -> FieldShape:
    nullable = repeated = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            marks += more
        elif origin in (Union, types.UnionType):
            nullable = True
            (annotation,) = (arg for arg in get_args(annotation) if arg is not type(None))
        elif origin is list:
            repeated = True
            (annotation,) = get_args(annotation)
        else:
            break
    if annotation is AwareDatetime:
        annotation = datetime
    personal = any(isinstance(mark, PersonalMark) or mark is PersonalMark for mark in marks)
    return FieldShape(path, annotation, nullable, repeated, personal)
