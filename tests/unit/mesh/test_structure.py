"""The shape of every field is what its annotation says."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from mesh.kernel.event import Day, Money, Personal, Record, Timestamp, Version
from mesh.kernel.structure import shapes


class Inner(Record):
    """Inside."""

    domain: ClassVar[str] = "test"
    amount: Money
    name: Personal


class Outer(Record):
    """Outside."""

    domain: ClassVar[str] = "test"
    at: Timestamp
    day: Day | None = None
    secret: Personal | None = None
    version: Version
    ratio: float
    flag: bool
    many: list[Inner]
    one: Inner | None = None


def test_types_are_plain() -> None:
    """Annotations of Avro and of validation are taken off."""
    found = shapes(Outer)
    assert [found[name].python_type for name in ("at", "day", "secret", "version", "ratio", "flag")] == [
        datetime,
        date,
        str,
        bytes,
        float,
        bool,
    ]
    assert found["many.amount"].python_type is Decimal


def test_nested_fields_have_dotted_paths_in_order() -> None:
    """Lists and single records alike."""
    assert list(shapes(Outer))[6:] == ["many", "many.amount", "many.name", "one", "one.amount", "one.name"]


def test_null_list_and_person_are_seen() -> None:
    """Each mark on the fields that have it, and on no others."""
    found = shapes(Outer).values()
    assert {shape.path for shape in found if shape.nullable} == {"day", "secret", "one"}
    assert {shape.path for shape in found if shape.repeated} == {"many"}
    assert {shape.path for shape in found if shape.personal} == {"secret", "many.name", "one.name"}
    assert {shape.path for shape in found if shape.record} == {"many", "one"}


def test_logical_types_are_the_standards() -> None:
    """The words of the Open Data Contract Standard."""
    found = shapes(Outer)
    names = ("at", "day", "secret", "ratio", "flag", "many", "many.amount", "one")
    assert [found[name].logical_type for name in names] == [
        "timestamp",
        "date",
        "string",
        "number",
        "boolean",
        "array",
        "number",
        "object",
    ]
