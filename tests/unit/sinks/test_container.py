"""Containers that hold exactly the records, and where each stood."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from confluent_kafka import Message
from fastavro import reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.kernel.contract import Port
from schemas.codec import read_body
from sinks.block import Run
from sinks.clickhouse.columns import LINEAGE, SEAL, SEALED
from sinks.container import Container, built, python_container
from streams.engine.avro.varint import decode_long, encode_long
from tests.unit.schemas.records import instances
from tests.unit.sinks.samples import LANDED, codec

PLACES = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1), st.integers(0, 2**45))


@pytest.mark.parametrize("port", LANDED, ids=lambda port: port.table)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_container_reads_back_as_what_was_put_in(port: Port, data: st.DataObject) -> None:
    """By fastavro, which knows nothing of how it was made; every field and the lineage."""
    mine = codec(port)
    facts = data.draw(st.lists(st.tuples(PLACES, instances(port.record)), max_size=4))
    values = [mine.encode(fact) for _, fact in facts]
    runs = [
        (partition, [(offset, timestamp, None, value, Message())])
        for ((partition, offset, timestamp), _), value in zip(facts, values, strict=True)
    ]
    found: list[Any] = list(reader(BytesIO(Container(mine.schema).build(runs))))
    assert len(found) == len(facts)
    for row, ((partition, offset, timestamp), _), value in zip(found, facts, values, strict=True):
        assert (row.pop("_frame"), row.pop(SEAL[0])) == (value[:5], SEALED)
        place = {name: row.pop(name) for name, _, _ in LINEAGE}
        assert (place["_partition"], place["_offset"]) == (partition, offset)
        assert round(place["_published_at"].timestamp() * 1000) == timestamp
        assert repr(row) == repr(read_body(value, mine.parsed))  # repr: a NaN is equal to none


_LONGS = st.integers(-(2**63), 2**63 - 1)
_RECORDS = st.tuples(_LONGS, _LONGS, st.none(), st.binary(max_size=300), st.just(Message()))


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.lists(_RECORDS, max_size=8)), max_size=4))
def test_compiled_and_not_it_is_the_same_container(runs: list[Run]) -> None:
    """Byte for byte, whatever offsets and times."""
    parts = b"header", runs, encode_long(SEALED), b"0123456789abcdef"
    assert built(*parts) == python_container(*parts)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_long_survives_its_encoding(number: int) -> None:
    """Every number of 64 bits."""
    raw = encode_long(number)
    assert decode_long(raw, 0, len(raw)) == number
