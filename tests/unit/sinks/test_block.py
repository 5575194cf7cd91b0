"""Blocks: bounded in rows and bytes, with a token that names exactly what is in them."""

from __future__ import annotations

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from sinks import block
from sinks.block import Block, count, part, python_room, room
from sinks.record import Record

_BYTES = st.none() | st.binary(max_size=9)


def records(*offsets: int, value: bytes = b"value") -> list[Record]:
    """Records at these offsets, of a key of three bytes."""
    return [(offset, 1_000 + offset, b"key", value, Message()) for offset in offsets]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), min_size=1, unique=True))
def test_a_token_names_exact_ranges(places: list[tuple[int, int]]) -> None:
    """First and last offset of each partition, and how many rows land."""
    found = Block("topic", 0.0)
    for partition, offset in sorted(places):
        assert found.take(partition, records(offset)) == 1
    for partition, (first, last) in found.ranges().items():
        offsets = [offset for p, offset in places if p == partition]
        assert (first, last) == (min(offsets), max(offsets))
        assert f"{partition}:{first}-{last}" in found.token(1)
    assert found.token(1) != found.token(2)
    assert found.newest() == 1_000 + max(offset for _, offset in places)


@pytest.mark.parametrize("leaving", [set(), {0}, {1}, {0, 1}])
def test_partitions_that_leave_take_their_records_along(leaving: set[int]) -> None:
    """The rest stays in its order."""
    whole = Block("topic", 3.0)
    whole.take(0, records(1, 2))
    whole.take(1, records(7, 8))
    rest = whole.without(leaving)
    assert rest.runs == {place: run for place, run in whole.runs.items() if place not in leaving}
    assert (rest.rows, rest.bytes, rest.since) == (2 * len(rest.runs), 16 * len(rest.runs), 3.0)


def test_a_block_takes_no_more_than_it_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """In rows and in bytes; an empty one takes a record of any size."""
    monkeypatch.setattr(block, "MAX_ROWS", 5)
    monkeypatch.setattr(block, "MAX_BYTES", 40)
    found = Block("topic", 0.0)
    assert found.take(0, records(0, 1)) == 2
    assert found.take(1, records(0, 1, 2, 3, value=b"")) == 3  # rows
    assert (found.rows, found.bytes, found.take(0, records(2))) == (5, 25, 0)
    found = Block("topic", 0.0)
    assert found.take(0, records(*range(9))) == 5  # bytes
    assert found.take(1, records(0, value=b"")) == 0
    found = Block("topic", 0.0)
    assert found.take(0, records(0, 1, value=b"x" * 50)) == 1
    assert (found.rows, found.bytes) == (1, 53)
    assert found.take(0, records(1, value=b"")) == 0


@given(
    st.lists(st.tuples(st.just(0), st.just(0), _BYTES, _BYTES, st.just(Message())), max_size=20),
    st.integers(0, 50),
    st.integers(0, 150),
)
def test_compiled_and_not_there_is_the_same_room(found: list[Record], size: int, most: int) -> None:
    """However little."""
    assert room(found, size, most) == python_room(found, size, most)


@given(st.lists(st.integers(0, 5), max_size=4), st.integers(0, 20), st.integers(0, 20))
def test_a_part_is_a_slice_over_all_runs(sizes: list[int], start: int, end: int) -> None:
    """Each record with its partition."""
    runs = [(partition, records(*range(size))) for partition, size in enumerate(sizes)]
    flat = [(partition, record) for partition, run in runs for record in run]
    found = part(runs, start, end)
    assert [(partition, record) for partition, run in found for record in run] == flat[start:end]
    assert count(found) == len(flat[start:end])


def test_records_come_at_a_rate() -> None:
    """By the time since the first of them; what came at one moment is not divided by nothing."""
    found = Block("topic", 3.0)
    found.take(0, records(*range(10)))
    assert found.rate(5.0) == 5
    assert found.rate(3.0) == 200
