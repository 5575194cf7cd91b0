"""ClickHouse types of Avro types."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.clickhouse.columns import Column, column_type, columns

MICROS = {"type": "long", "logicalType": "timestamp-micros"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}
ITEM = {
    "type": "record",
    "name": "Item",
    "fields": [{"name": "sku", "type": "string"}, {"name": "net", "type": MONEY}],
}


@pytest.mark.parametrize(
    ("name", "avro", "expected"),
    [
        ("category", "string", "LowCardinality(String)"),
        ("category", ["null", "string"], "LowCardinality(Nullable(String))"),
        ("order_id", "string", "String"),
        ("order_id", ["null", "string"], "Nullable(String)"),
        ("amount", MONEY, "Decimal(18, 4)"),
        ("amount", ["null", MONEY], "Nullable(Decimal(18, 4))"),
        ("at", MICROS, "DateTime64(6, 'UTC')"),
        ("day", {"type": "int", "logicalType": "date"}, "Date32"),
        ("version", {"type": "fixed", "name": "Version", "size": 32}, "UInt256"),
        ("is_deleted", "boolean", "UInt8"),
        ("is_gift", "boolean", "Bool"),
        ("number", "int", "Int32"),
        ("seq", "long", "Int64"),
        ("latitude", ["null", "double"], "Nullable(Float64)"),
        ("email", ["null", "bytes"], "Nullable(String)"),
        ("lines", {"type": "array", "items": ITEM}, "Array(Tuple(sku String, net Decimal(18, 4)))"),
    ],
)
def test_a_field_has_the_type_of_its_avro(name: str, avro: Any, expected: str) -> None:
    """A dictionary only for text that repeats."""
    assert column_type(name, avro) == expected


@pytest.mark.parametrize("avro", [{"type": "enum"}, {"type": "map"}, {"type": "fixed", "size": 16}])
def test_what_no_event_uses_has_no_type(avro: Any) -> None:
    """Better no table than a wrong one."""
    with pytest.raises((ValueError, KeyError)):
        column_type("field", avro)


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        ("LowCardinality(String)", "String"),
        ("LowCardinality(Nullable(String))", "Nullable(String)"),
        ("Array(Tuple(a LowCardinality(String), b Int32))", "Array(Tuple(a String, b Int32))"),
        ("Decimal(18, 4)", "Decimal(18, 4)"),
    ],
)
def test_what_lands_is_plain(kind: str, plain: str) -> None:
    """The same type without dictionaries."""
    assert Column("c", kind, "").plain == plain


def test_a_comment_may_hold_anything() -> None:
    """Quotes and backslashes of a docstring."""
    [column] = columns({"fields": [{"name": "a", "type": "long", "doc": r"customer's \ own"}]})
    assert column.ddl == r"`a` Int64 COMMENT 'customer\'s \\ own'"
