"""The columns of a SELECT bound to the fields of a record: each one's SQL, default and possible faults."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Set
from dataclasses import dataclass

import polars as pl

from mesh.ingest.coerce import NULL, coerce, literal, null_of, one, quoted
from mesh.ingest.fields import Field, plain_fields
from mesh.ingest.mapping import Mapping
from mesh.ingest.source import AT
from mesh.kernel.errors import MappingError, did_you_mean
from mesh.kernel.event import Record
from mesh.kernel.settings import Settings

STAMPED = "event_id"
"""The one field that is made of other fields' wire forms; null here unless the SELECT gives it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A field and the SQL of its wire form, null where it is not given or does not fit."""

    field: Field
    value: str
    given: str | None
    """The column that gives it; None for a default."""
    want: str = ""
    """What the column's value must be; empty when every value of its type fits."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, without its value."""

    code: str
    field: str
    what: str
    remedy: str = ""

    @property
    def reason(self) -> str:
        """One line for people."""
        return f"{self.field}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Binding:
    """A SELECT's columns as the fields of a record."""

    bounds: tuple[Bound, ...]

    def value(self, name: str) -> str:
        """The SQL of one field's wire form."""
        return next(bound.value for bound in self.bounds if bound.field.name == name)

    def faults(self) -> list[tuple[Fault, pl.Expr]]:
        """What can be wrong with a row, and the test for it over a frame of :meth:`columns`."""
        found = []
        for bound in self.bounds:
            name = bound.field.name
            if bound.given is not None and bound.want:
                test = pl.col(f"{name}?") & pl.col(name).is_null()
                found.append((Fault("type-wrong", name, f"is not {bound.want}"), test))
            if not bound.field.nullable and name != STAMPED:
                found.append((Fault("value-missing", name, "is not given"), pl.col(name).is_null()))
        return found

    def columns(self) -> list[str]:
        """Every field's wire form under its name, and under ``<name>?`` whether its column gives a value."""
        columns = [f"{bound.value} AS {quoted(bound.field.name)}" for bound in self.bounds]
        return columns + [
            f"{bound.given} IS NOT NULL AS {quoted(bound.field.name + '?')}"
            for bound in self.bounds
            if bound.given is not None and bound.want
        ]


def bind(
    record: type[Record],
    types: MappingType[str, str],
    mapping: Mapping,
    settings: Settings,
    *,
    place: str,
    extra: Set[str] = frozenset(),
) -> Binding:
    """Bind the columns of a SELECT (names and DuckDB types) to a record; ``extra`` columns may be there too.

    Raises :class:`MappingError` for a column that is no field, a field without column or default, and a
    type that can never fit.
    """
    fields = plain_fields(record)
    known = {field.name for field in fields}
    for column in types:
        if column not in known | extra | {AT}:
            raise MappingError(
                "field-unknown",
                f"{column!r} is not a field of {record.__name__}",
                place=place,
                remedy=did_you_mean(column, known),
            )
    bounds: dict[str, Bound] = {}
    for field in sorted(fields, key=lambda field: field.name in ("occurred_at", "recorded_at")):
        bounds[field.name] = _bound(field, record, types, mapping, settings, place, bounds)
    return Binding(tuple(bounds[field.name] for field in fields))


def _bound(
    field: Field,
    record: type[Record],
    types: MappingType[str, str],
    mapping: Mapping,
    settings: Settings,
    place: str,
    earlier: MappingType[str, Bound],
) -> Bound:
    default = _default(field, types, mapping, settings, earlier)
    column = quoted(field.name)
    if types.get(field.name, NULL) != NULL:
        coercion = coerce(field, column, types[field.name], mapping.timezone, place)
        if field.name == "recorded_at":
            # Where the source does not say, it was when it happened; what is said wrongly stays a fault.
            value = f"CASE WHEN {column} IS NULL THEN {default} ELSE {coercion.value} END"
            return Bound(field, value, column, coercion.want)
        return Bound(field, coercion.value, column, coercion.want)
    if default is None:
        raise MappingError(
            "field-missing",
            f"the SELECT has no column {field.name!r}, which {record.__name__} needs",
            place=place,
            remedy=f"add … AS {field.name}",
        )
    return Bound(field, default, None)


def _default(
    field: Field,
    types: MappingType[str, str],
    mapping: Mapping,
    settings: Settings,
    earlier: MappingType[str, Bound],
) -> str | None:
    """The SQL of a field that the SELECT does not give; None when it must."""
    if field.name == "source":
        return literal(mapping.source)
    if field.name == "occurred_at" and "valid_from" in earlier:
        return earlier["valid_from"].value
    if field.name == "recorded_at" and "occurred_at" in earlier:
        return earlier["occurred_at"].value
    if field.nullable or field.name == STAMPED:
        return null_of(field)
    if field.name == "currency":
        return literal(mapping.currency)
    if field.name == "fx_rate" and "currency" not in types and mapping.currency == settings.currency:
        return one(field)
    return None
