"""Columns become the very bytes that the codec writes of each record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.ingest.encode import Encoder
from mesh.ingest.fields import Field, list_fields, plain_fields
from mesh.ingest.rules import PARENT
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.event import Event, Record
from schemas.codec import Codec
from schemas.column import cut, decimals, longs, slices
from streams.engine.avro.varint import encode_long
from tests.unit.schemas.records import instances

SCHEMA_ID = 7
PORTS = [port for port in find_mesh().ports.values() if issubclass(port.record, Event)]
LONG = st.integers(-(2**63), 2**63 - 1)
AMOUNT = st.integers(1 - 10**18, 10**18 - 1)
TYPES = {"text": pl.String, "boolean": pl.Boolean, "double": pl.Float64, "day": pl.Int32}


def wire(field: Field, value: Any) -> Any:
    """A value in the wire form of its field."""
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days
    return int(value.scaleb(field.scale)) if isinstance(value, Decimal) else value


def frame(record: type[Record], facts: list[Any], owners: list[int]) -> pl.DataFrame:
    """The frame of these records, as an extract gives it."""
    columns = {
        field.name: pl.Series(
            field.name,
            [wire(field, getattr(fact, field.name)) for fact in facts],
            TYPES.get(field.kind, pl.Int64),
        )
        for field in plain_fields(record)
    }
    return pl.DataFrame({**columns, PARENT: pl.Series(PARENT, owners, pl.Int64)})


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.record.__name__)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_batch_is_encoded_as_the_codec_encodes_each(port: Port, data: st.DataObject) -> None:
    """Nulls, empty texts, negative amounts, lists of any length."""
    facts = data.draw(st.lists(instances(port.record), max_size=6))
    lists = {}
    for name, inner in list_fields(port.record).items():
        elements = [(n, element) for n, fact in enumerate(facts) for element in getattr(fact, name)]
        lists[name] = frame(inner, [element for _, element in elements], [n for n, _ in elements])
    codec = Codec.of_port(port, SCHEMA_ID)
    encoder = Encoder(port, SCHEMA_ID)
    found = encoder.encode(frame(port.record, facts, [0] * len(facts)), lists)
    assert found == [codec.encode(fact) for fact in facts]


@given(st.lists(LONG, max_size=30))
def test_longs_are_those_of_the_codec(numbers: list[int]) -> None:
    """Of every size, side by side."""
    found = slices(*cut([longs(np.array(numbers, dtype=np.int64))]))
    assert found == list(map(encode_long, numbers))


@given(st.lists(AMOUNT | st.integers(-300, 300), max_size=30))
def test_decimals_are_those_of_the_codec(numbers: list[int]) -> None:
    """Of as few bytes as the codec takes: -128 takes two."""
    raw = [number.to_bytes((number.bit_length() + 8) // 8, "big", signed=True) for number in numbers]
    found = slices(*cut([decimals(np.array(numbers, dtype=np.int64))]))
    assert found == [encode_long(len(one)) + one for one in raw]
