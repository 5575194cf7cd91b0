"""Messages of the broker's client become records by topic and partition."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from sinks.kernel import ROWS
from sinks.record import Place, Record, by_place, python_by_place
from streams.engine.kernel import KERNEL

Split = Callable[[list[Message]], dict[Place, list[Record]]]
_BYTES = st.none() | st.binary(max_size=20)
_HEADERS = st.none() | st.lists(st.tuples(st.text(max_size=5), _BYTES), max_size=3)
_MESSAGES = st.builds(
    Message,
    topic=st.sampled_from(["a", "b"]),
    partition=st.integers(0, 3),
    offset=st.integers(0, 2**62),
    key=_BYTES,
    value=_BYTES,
    timestamp=st.tuples(st.just(1), st.integers(-1, 2**45)),
    headers=_HEADERS,
)


def test_the_loops_are_built_where_the_engines_are() -> None:
    """A build that fails unseen would only be slow."""
    assert (ROWS is None) == (KERNEL is None)


@pytest.mark.parametrize("split", [python_by_place, by_place], ids=["python", "kernel or python"])
@given(messages=st.lists(_MESSAGES, max_size=30))
def test_each_place_has_its_records_in_their_order(split: Split, messages: list[Message]) -> None:
    """With all that a message says."""
    found = split(messages)
    for (topic, partition), records in found.items():
        assert records == [
            (one.offset(), one.timestamp()[1], one.key(), one.value(), one)
            for one in messages
            if (one.topic(), one.partition()) == (topic, partition)
        ]
    assert sum(map(len, found.values())) == len(messages)
