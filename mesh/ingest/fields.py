"""The fields of an event as an extract must fill them: kind, scale and bounds, from the event's class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from annotated_types import Ge, Lt, MinLen
from pydantic.fields import FieldInfo

from mesh.kernel.errors import ContractError
from mesh.kernel.event import AvroType, PersonalMark, Record, ValidFrom
from schemas.derive import avro_schema, field_annotation, is_personal, nested_record, without_null

WHOLE_SECONDS = get_args(ValidFrom)[1]
"""The mark that tells ValidFrom from Timestamp."""

_KINDS = {
    "string": "text",
    "long": "whole",
    "boolean": "boolean",
    "double": "double",
    "bytes": "text",
    "decimal": "decimal",
    "timestamp-micros": "moment",
    "date": "day",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One plain field. In an extract's frame it stands as its wire form, so that nothing is converted twice.

    ========  ==========  ==============================================
    kind      column      meaning
    ========  ==========  ==============================================
    text      String
    whole     Int64
    boolean   Boolean
    double    Float64
    decimal   Int64       the amount times ten to the power of ``scale``
    moment    Int64       microseconds since 1970-01-01 UTC
    day       Int32       days since 1970-01-01
    ========  ==========  ==============================================
    """

    name: str
    kind: str
    nullable: bool
    scale: int = 0
    personal: bool = False
    whole_seconds: bool = False
    minimum: int | None = None
    """Least whole number."""
    below: int | None = None
    """First whole number that is too great."""
    not_empty: bool = False
    """Whether the text must have a character."""


@cache
def plain_fields(record: type[Record]) -> tuple[Field, ...]:
    """The fields of a record but its lists, in their order on the wire."""
    avro = {field["name"]: field["type"] for field in avro_schema(record)["fields"]}
    return tuple(
        _field(record, name, info, avro[name])
        for name, info in record.model_fields.items()
        if name not in list_fields(record)
    )


@cache
def list_fields(record: type[Record]) -> dict[str, type[Record]]:
    """The fields of a record that are lists of records, with the class of their elements."""
    found = {}
    for name, info in record.model_fields.items():
        inner, many = nested_record(field_annotation(info))
        if inner is not None and many:
            found[name] = inner
    return found


def _field(record: type[Record], name: str, info: FieldInfo, avro: Any) -> Field:
    plain, nullable = without_null(field_annotation(info))
    form = avro[1] if nullable else avro
    logical = form.get("logicalType", "") if isinstance(form, dict) else form
    if logical not in _KINDS:
        raise ContractError(
            "field-type",
            "cannot come from an extract",
            place=f"{record.__name__}.{name}",
            remedy="publish it",
        )
    marks = list(_marks(getattr(plain, "__metadata__", ())))
    minimum = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
    below = next((mark.lt for mark in marks if isinstance(mark, Lt)), None)
    return Field(
        name,
        _KINDS[logical],
        nullable,
        scale=form["scale"] if logical == "decimal" else 0,
        personal=is_personal(field_annotation(info)),
        whole_seconds=WHOLE_SECONDS in marks,
        minimum=None if minimum is None else int(str(minimum)),
        below=None if below is None else int(str(below)),
        not_empty=any(isinstance(mark, MinLen) and mark.min_length == 1 for mark in marks),
    )


def _marks(metadata: Any) -> Iterator[Any]:
    """Every mark on a field; those of ``Field(...)`` stand one level deeper."""
    for mark in metadata:
        if isinstance(mark, FieldInfo):
            yield from _marks(mark.metadata)
        elif not isinstance(mark, AvroType | PersonalMark):
            yield mark
