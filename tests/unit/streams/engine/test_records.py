"""Record batches, compiled and not: what aiokafka's own parser reads out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.records import BATCH_BYTES, Batch, Record, batches, encode, python_encode

NOW = 1_700_000_000_000
_BYTES = st.none() | st.binary(max_size=300)
_ROWS = st.lists(st.tuples(_BYTES, _BYTES, st.integers(0, 2**42)), min_size=1, max_size=30)
_ENTRIES = st.lists(st.tuples(_BYTES, _BYTES), min_size=1, max_size=30)
WAYS = [pytest.param(python_encode, id="python"), pytest.param(encode, id="kernel or python")]


def read(batch: Batch, producer: tuple[int, int, int] = (-1, -1, -1)) -> list[Any]:
    """The records of a batch, and that its header agrees."""
    batch._set_producer_state(*producer)
    data = bytes(batch._build())
    assert data == bytes(batch._build()), "sent again it is the same"
    parsed = MemoryRecords(data)
    found = parsed.next_batch()
    assert found.validate_crc()
    records = list(found)
    assert len(records) == batch.record_count()
    assert found.next_offset == batch.record_count()
    assert not parsed.has_next()
    return records


def cut(way: Any, records: Sequence[Record], most: int) -> list[Batch]:
    """All batches that a way makes."""
    made: list[Batch] = []
    start = 0
    while start < len(records):
        made.append(way(records, start, most, NOW))
        start += made[-1].record_count()
    return made


@pytest.mark.parametrize("way", WAYS)
@given(_ROWS | _ENTRIES, st.integers(1, 2_000))
def test_what_is_written_is_read(way: Any, records: list[Record], most: int) -> None:
    """Keys, values and timestamps, in their order, cut into pieces."""
    made = cut(way, records, most)
    found = [(one.key, one.value, one.timestamp) for batch in made for one in read(batch)]
    assert found == [(*record[:2], record[2] if len(record) > 2 else NOW) for record in records]
    assert all(batch.record_count() == 1 or batch.size() <= most + 61 for batch in made)


@given(_ROWS | _ENTRIES)
def test_both_ways_give_the_same_bytes(records: list[Record]) -> None:
    """Of a whole batch; aiokafka may end one that is full a little sooner."""
    made = [way(records, 0, BATCH_BYTES, NOW) for way in (encode, python_encode)]
    assert made[0].size() == made[1].size()
    for batch in made:
        batch._set_producer_state(5, 1, 77)
    assert made[0]._build() == made[1]._build()


def test_a_batch_is_bounded_and_a_large_record_goes_alone() -> None:
    """The usual size stays well below what topics take."""
    rows: list[Record] = [(b"key", b"x" * 100, NOW)] * 10_000 + [(b"key", b"x" * BATCH_BYTES * 2, NOW)]
    sizes = [(batch.record_count(), batch.size()) for batch in batches(rows, NOW)]
    assert sum(count for count, _ in sizes) == len(rows)
    assert sizes[-1][0] == 1
    assert all(size <= BATCH_BYTES + 61 for _, size in sizes[:-1])


def test_headers_go_with_their_record() -> None:
    """Dead letters have them."""
    letters = [(b"key", None, 5, [("code", b"undecodable"), ("where", b"")]), (None, b"value", 6, [])]
    (batch,) = batches(letters, NOW)
    assert [(one.key, one.value, one.timestamp, list(one.headers)) for one in read(batch)] == letters


@pytest.mark.parametrize("sequence", [0, 2**31 - 1, -(2**31), -5])
def test_the_sequence_goes_round_as_the_brokers_does(sequence: int) -> None:
    """aiokafka's becomes negative after 2^31 records of a partition; Kafka's begins again at 0."""
    (batch,) = batches([(b"key", b"value", 1)], NOW)
    batch._set_producer_state(9, 3, sequence)
    parsed = MemoryRecords(bytes(batch._build())).next_batch()
    assert (parsed.producer_id, batch._build()[51:53]) == (9, b"\x00\x03")
    assert int.from_bytes(batch._build()[53:57], "big") == sequence % 2**31


def test_a_batch_needs_no_linger() -> None:
    """aiokafka's sender asks whether more may come."""
    (batch,) = batches([(b"key", b"value", 1)], NOW)
    assert batch.closed()
    batch.close()
    assert batch.closed()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("record", [("text", b"value", 1), (b"key", 5, 1), (b"key", "text")])
def test_only_bytes_are_written(way: Any, record: Any) -> None:
    """The kernel copies by address."""
    with pytest.raises(TypeError):
        way([record], 0, 100, NOW)
