"""What can be said of a column follows from its type and from its contract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.profile.column import Kind, columns
from mesh.kernel.contract import FieldPromise
from tests.unit.analytics.quality.toys import port


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("String", Kind.TEXT),
        ("LowCardinality(Nullable(String))", Kind.TEXT),
        ("Nullable(Decimal(18, 4))", Kind.NUMBER),
        ("UInt8", Kind.NUMBER),
        ("Int64", Kind.NUMBER),
        ("Float64", Kind.NUMBER),
        ("UInt256", Kind.OPAQUE),
        ("Bool", Kind.FLAG),
        ("Date32", Kind.TIME),
        ("Nullable(DateTime64(6, 'UTC'))", Kind.TIME),
        ("Array(Tuple(a Nullable(String), b Int64))", Kind.LIST),
        ("Map(String, String)", Kind.OPAQUE),
    ],
)
def test_kinds_follow_from_types(kind: str, expected: Kind) -> None:
    """Whatever wraps them."""
    assert [one.kind for one in columns(port(), [("x", kind)])] == [expected]


def test_a_persons_text_is_personal_whatever_its_type() -> None:
    """By the contract; where a row came from is no column of it."""
    promises = {"maker": FieldPromise("personal", "initial", "toy_id")}
    found = list(columns(replace(port(), promises=promises), [("maker", "String"), ("_offset", "Int64")]))
    assert [(one.name, one.kind) for one in found] == [("maker", Kind.PERSONAL)]
