"""Answers of the broker as plain tuples: the compiled way, aiokafka's way, and what neither may accept."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.fold import Fetched
from streams.engine.transport import fetched
from streams.engine.transport.fetched import FetchedResults, PythonRecords, RawRecords, is_plain, plain

TOPIC = TopicPartition("test.public.fact.v1", 2)
_NAMES = st.text(max_size=5)
_BYTES = st.none() | st.binary(max_size=200)
_RECORDS = st.lists(
    st.tuples(
        st.integers(0, 2**41),
        _BYTES,
        _BYTES,
        st.lists(st.tuples(_NAMES, _BYTES), max_size=3),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=20,
)
"""Timestamp, key, value, headers, and how many offsets on from the record before."""


def answer(records: list[Any], *, base: int = 0, codec: int = 0, transactional: bool = False) -> bytes:
    """One batch as a broker gives it."""
    builder = DefaultRecordBatchBuilder(2, codec, transactional, 7, 0, 0, 1 << 20)
    delta = -1
    for moment, key, value, headers, step in records:
        delta += step
        assert builder.append(delta, moment, key, value, headers)
    batch = bytearray(builder.build())
    batch[:8] = base.to_bytes(8, "big")
    return bytes(batch)


class Result:
    """A fetch result of a partition whose position is kept, in the buffer for batched topics."""

    def __init__(
        self, data: bytes, position: int, batched: str = TOPIC.topic, way: Any = fetched.Records
    ) -> None:
        self.state = SimpleNamespace(paused=False, position=position)
        self.state.consumed_to = lambda offset: setattr(self.state, "position", offset)
        assignment = SimpleNamespace(active=True, state_value=lambda _tp: self.state)
        parsed = PartitionRecords(TOPIC, RawRecords(data), None, position, None, None, True, 1)
        results = FetchedResults({batched})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fetched, "Records", way)
            results[TOPIC] = FetchResult(TOPIC, assignment=assignment, partition_records=parsed, backoff=0)
        self.result: Any = results[TOPIC]

    def all(self, most: int | None = None) -> list[Fetched]:
        """Everything, by pieces of so many records."""
        found: list[Fetched] = []
        while self.result.has_more():
            found += self.result.getall(most)
        return found


@given(_RECORDS, _RECORDS, st.integers(0, 100), st.none() | st.integers(1, 7))
def test_records_are_the_same_either_way(
    first: list[Any], second: list[Any], skip: int, most: int | None
) -> None:
    """Offsets with gaps, timestamps, absent keys and values, headers, a fetch from within a batch."""
    base = 1_000
    data = answer(first, base=base)
    data += answer(second, base=base + 500) + data[:40]  # an answer may end in the middle of a batch
    position = base + skip
    expected = Result(data, position, batched="other").all()
    for way in (fetched.Records, PythonRecords):
        ours = Result(data, position, way=way)
        assert [(row[0], row[1], row[2], row[3], list(row[4])) for row in ours.all(most)] == [
            (one.offset, one.timestamp, one.key, one.value, list(one.headers)) for one in expected
        ]
        assert ours.state.position == base + 500 + sum(record[4] for record in second)


@pytest.mark.parametrize("odd", [{"codec": 1}, {"transactional": True}])
def test_what_is_not_plain_comes_the_other_way(odd: dict[str, Any]) -> None:
    """Compressed and transactional batches, as the same tuples."""
    data = answer([(1_005, b"key", b"value", [("name", b"header")], 6)], **odd)
    assert not plain(data)
    assert not is_plain(data)
    assert is_plain(answer([(1_005, b"key", b"value", [], 6)] * 2) * 2)
    result = Result(data, 0)
    assert "getall" not in vars(result.result)
    assert result.all() == [(5, 1_005, b"key", b"value", [("name", b"header")])]


@pytest.mark.parametrize("way", [fetched.Records, PythonRecords])
def test_a_batch_that_compaction_has_emptied_is_passed_over(way: Any) -> None:
    """Brokers keep its header, for the producer's number in it, and no record; reading goes on behind it."""
    emptied = bytearray(answer([(1_005, b"key", b"value", [], 6)], base=20))[:61]
    emptied[8:12] = (len(emptied) - 12).to_bytes(4, "big")
    emptied[57:61] = bytes(4)
    emptied[17:21] = calc_crc32c(bytes(emptied[21:])).to_bytes(4, "big")
    before, after = answer([(1, b"a", b"1", [], 1)]), answer([(2, b"b", b"2", [], 1)], base=30)
    assert is_plain(bytes(emptied))
    assert plain(bytes(emptied))
    for data, offsets, behind in (
        (bytes(emptied), [], 26),
        (before + bytes(emptied) * 2 + after, [0, 30], 31),
        (before + bytes(emptied), [0], 26),
    ):
        result = Result(data, 0, way=way)
        assert "getall" in vars(result.result)
        assert [row[0] for row in result.all(1)] == offsets
        assert result.state.position == behind


def test_an_answer_is_freed_as_soon_as_it_is_taken() -> None:
    """Not when somebody collects garbage: a recovery would have the whole changelog in memory by then."""
    held = Result(answer([(0, b"key", b"value", [], 1)]), 0)
    freed = ref(held.result)
    gc.disable()
    try:
        assert len(held.all()) == 1
        del held.result
        assert freed() is None
    finally:
        gc.enable()


def test_other_topics_keep_their_records() -> None:
    """Faust's own topics are not batched."""
    result = Result(answer([(1_005, b"key", b"value", [], 1)]), 0, batched="other")
    assert result.all()[0].value == b"value"


def test_a_record_holds_its_headers_until_they_are_asked_for() -> None:
    """As a sequence of pairs."""
    headers = [("one", b"1"), ("two", None)]
    (record,) = Result(answer([(0, None, None, headers, 1)]), 0).all()
    assert len(record[4]) == 2
    assert record[4][1] == ("two", None)
    assert [*record[4]] == headers
    assert record[4] == headers


@given(st.data())
def test_damage_is_found(data: st.DataObject) -> None:
    """Every byte after the checksum is covered by it; nothing is read beyond the answer."""
    whole = answer([(1, b"key", b"value", [("name", b"header")], 1)] * 3)
    place = data.draw(st.integers(21, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= data.draw(st.integers(1, 255))
    result = Result(bytes(damaged), 0)
    with pytest.raises(CorruptRecordException):
        result.all()


@given(st.data())
def test_no_damage_is_read_past(data: st.DataObject) -> None:
    """With a checksum that is right by chance: an error or other records, never other memory."""
    whole = bytearray(answer([(1, b"key", b"value", [("name", b"header")], 1)] * 3))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(21, len(whole) - 1))] = data.draw(st.integers(0, 255))
    records = fetched.Records(bytes(whole), 0, lambda _checked: int.from_bytes(whole[17:21], "big"))
    try:
        found, _ = records.take(100)
    except ValueError:
        return
    for _, _, key, value, headers in found:
        assert all(part is None or len(part) <= len(whole) for part in (key, value))
        assert all(value is None or len(value) <= len(whole) for _, value in headers)


def test_a_consumer_is_taken_over() -> None:
    """Its buffer, and the class that keeps the bytes of an answer."""
    consumer = SimpleNamespace(_fetcher=SimpleNamespace(_records=None))
    fetched.take_over(consumer, {TOPIC.topic})
    assert type(consumer._fetcher._records) is FetchedResults
    assert fetched.fetcher.MemoryRecords is RawRecords
