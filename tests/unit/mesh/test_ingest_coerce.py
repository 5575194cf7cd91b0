"""Strict types: what becomes a field, what is a fault of its row, and what is an error of the mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from mesh.ingest.coerce import cell, coerce
from mesh.ingest.fields import Field
from mesh.kernel.errors import MappingError

BERLIN = "Europe/Berlin"
MONEY = Field("amount", "decimal", nullable=True, scale=4)
COUNT = Field("count", "whole", nullable=True)
SEQ = Field("seq", "whole", nullable=False, minimum=0, below=2**60)
MOMENT = Field("at", "moment", nullable=True)
SECOND = Field("valid_from", "moment", nullable=True, whole_seconds=True)
DAY = Field("day", "day", nullable=True)
TEXT = Field("name", "text", nullable=True)
BIRTH = Field("birth_date", "text", nullable=True, personal=True)
FLAG = Field("flag", "boolean", nullable=True)
DEGREES = Field("latitude", "double", nullable=True)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """DuckDB as the ingest opens it."""
    opened = duckdb.connect()
    opened.execute("SET TimeZone = 'UTC'")
    return opened


@pytest.mark.parametrize(
    ("field", "sql", "wire"),
    [
        (MONEY, "'12.5'", 125_000),
        (MONEY, "'-0.0001'", -1),
        (MONEY, "'12.50000'", 125_000),
        (MONEY, "'12.34567'", None),
        (MONEY, "'1,50'", None),
        (MONEY, "'1e3'", None),
        (MONEY, "' 1'", None),
        (MONEY, "12.345600::DECIMAL(12,6)", 123_456),
        (MONEY, "12.345678::DECIMAL(12,6)", None),
        (MONEY, "99999999999999.9999::DECIMAL(38,4)", 10**18 - 1),
        (MONEY, "100000000000000::DECIMAL(38,4)", None),
        (MONEY, "9999999999.99::DECIMAL(12,2)", 99_999_999_999_900),
        (MONEY, "99999999999999.9999::DECIMAL(18,4)", 10**18 - 1),
        (MONEY, "-99999999999999.9999::DECIMAL(18,4)", 1 - 10**18),
        (MONEY, "3", 30_000),
        (COUNT, "'7'", 7),
        (COUNT, "'7.0'", None),
        (COUNT, "'-9223372036854775808'::BIGINT", -(2**63)),
        (COUNT, "18446744073709551615::UBIGINT", None),
        (COUNT, "170141183460469231731687303715884105727::HUGEINT", None),
        (SEQ, "-1", None),
        (SEQ, "1152921504606846976", None),
        (SEQ, "1152921504606846975", 2**60 - 1),
        (MOMENT, "'2024-07-01 12:00:00'", 1_719_828_000_000_000),
        (MOMENT, "'2024-07-01T12:00:00.5Z'", 1_719_835_200_500_000),
        (MOMENT, "'2024-07-01 12:00:00+02:00'", 1_719_828_000_000_000),
        (MOMENT, "'2024-07-01'", None),
        (MOMENT, "'01.07.2024 12:00'", None),
        (MOMENT, "'2024-02-30 12:00:00'", None),
        (MOMENT, "TIMESTAMP '2024-01-01 12:00:00'", 1_704_106_800_000_000),
        (MOMENT, "TIMESTAMPTZ '2024-01-01 12:00:00+00'", 1_704_110_400_000_000),
        (MOMENT, "TIMESTAMP '2024-03-31 02:30:00'", None),
        (MOMENT, "'infinity'::TIMESTAMP", None),
        (SECOND, "TIMESTAMP '2024-01-01 12:00:00.5'", None),
        (DAY, "'1970-01-02'", 1),
        (DAY, "DATE '1969-12-31'", -1),
        (DAY, "'2024-2-3'", None),
        (TEXT, "'  x '", "  x "),
        (BIRTH, "DATE '1815-12-10'", "1815-12-10"),
        (FLAG, "'true'", True),
        (FLAG, "'yes'", None),
        (DEGREES, "'54.3'", 54.3),
        (DEGREES, "'nan'::DOUBLE", None),
    ],
)
def test_a_value_becomes_its_wire_form_or_nothing(
    connection: duckdb.DuckDBPyConnection, field: Field, sql: str, wire: Any
) -> None:
    """Exactly what is written, or null: nothing is rounded, trimmed or guessed; local times are of Berlin."""
    sql_type = str(connection.sql(f"SELECT {sql} AS x").types[0])
    found = coerce(field, "x", sql_type, BERLIN, "here")
    ((value,),) = connection.sql(f"SELECT {found.value} FROM (SELECT {sql} AS x)").fetchall()
    assert (value.scaleb(MONEY.scale) if isinstance(value, Decimal) else value) == wire
    if not found.want:
        assert value is not None


@pytest.mark.parametrize(
    ("field", "sql_type", "words"),
    [
        (MONEY, "DOUBLE", "an exact amount; cast amount to a DECIMAL"),
        (TEXT, "INTEGER", "text; write name::VARCHAR"),
        (COUNT, "DECIMAL(4,1)", "a whole number; cast count to BIGINT"),
        (MOMENT, "DATE", "a moment; cast at to TIMESTAMP"),
        (DAY, "TIMESTAMP", "a day; cast day to DATE"),
        (FLAG, "INTEGER", "true or false; write a condition"),
    ],
)
def test_a_type_that_can_never_fit_is_the_mappings_error(field: Field, sql_type: str, words: str) -> None:
    """Said once, before any row is read, with what to write instead."""
    with pytest.raises(MappingError, match=r"type-wrong.*mapping.yaml:7") as error:
        coerce(field, "x", sql_type, "UTC", "mapping.yaml:7")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("sql_type", "text", "value"),
    [
        ("INTEGER", "12", "12"),
        ("INTEGER", "12.5", None),
        ("decimal(18, 4)", "1.5", "1.5000"),
        ("DECIMAL(18,4)", "1.23456", None),
        ("DATE", "2024-02-29", "2024-02-29"),
        ("DATE", "2023-02-29", None),
        ("TIMESTAMP", "2024-02-29", "2024-02-29 00:00:00"),
        ("TIMESTAMP", "2024-02-29T10:00:00+02", None),
    ],
)
def test_a_cell_has_its_stated_type_or_is_unreadable(
    connection: duckdb.DuckDBPyConnection, sql_type: str, text: str, value: str | None
) -> None:
    """DuckDB's own casts would round 12.5 and drop an offset in silence."""
    sql = cell(f"'{text}'", sql_type, "here")
    assert connection.sql(f"SELECT CAST({sql} AS VARCHAR)").fetchall() == [(value,)]


def test_an_unknown_cell_type_names_the_nearest() -> None:
    """Types are a closed list, so that every one of them is read strictly."""
    with pytest.raises(MappingError, match="did you mean 'INTEGER'"):
        cell("x", "INTEGR", "here")
