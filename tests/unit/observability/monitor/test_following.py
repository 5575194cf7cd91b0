"""Topics are read whole and once, whatever becomes of the broker or its client."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from confluent_kafka import KafkaException

from mesh.kernel.broker import Place
from observability.monitor.following import BATCH, Following, reached
from tests.unit.observability.monitor.topics import Topics

TOPIC = "toys.public.toy.v1"
ONE, TWO = Place(TOPIC, 0), Place(TOPIC, 1)


def follow(topics: Topics, **options: Any) -> tuple[Following, list[tuple[int, int]]]:
    """What follows the topic, and where each record that it has taken lay."""
    return Following("", topics, [TOPIC], consumer=topics.client, late=0.01, **options), []


def advance(following: Following, taken: list[tuple[int, int]], seconds: float = inf) -> set[str]:
    """A round; the topics that begin anew."""
    fresh = following.look()
    following.read(lambda place, message: taken.append((place.partition, message.offset() or 0)), seconds)
    return fresh


def filled(count: int = 3) -> Topics:
    """Two partitions with some records each."""
    topics = Topics(ONE, TWO)
    for place in (ONE, TWO):
        for number in range(count):
            topics.append(place, b"k", str(number).encode())
    return topics


def test_a_round_goes_on_where_the_last_one_ended() -> None:
    """All partitions from their beginning; then only what is new."""
    topics = filled()
    following, taken = follow(topics)
    assert advance(following, taken) == {TOPIC}
    assert sorted(taken) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    topics.append(TWO, b"k", b"3")
    assert advance(following, taken) == set()
    assert taken[6:] == [(1, 3)]
    assert following.behind(TOPIC) == 0
    assert reached(following.at, {ONE: 3, TWO: 4})
    assert not reached(following.at, {ONE: 4})


def test_offsets_without_a_record_are_passed() -> None:
    """What compaction emptied, in the middle and at the end, or what is no longer kept at the beginning."""
    topics = filled()
    del topics.logs[ONE][0], topics.logs[ONE][2]
    topics.first[ONE] = 1
    following, taken = follow(topics)
    advance(following, taken)
    assert (sorted(taken), following.behind(TOPIC)) == ([(0, 1), (1, 0), (1, 1), (1, 2)], 0)


def test_a_round_takes_its_time_and_no_more() -> None:
    """A batch at least, so that it comes to an end; the rest is told as behind."""
    topics = filled(BATCH)
    following, taken = follow(topics)
    advance(following, taken, seconds=1e-9)
    assert (len(taken), following.behind(TOPIC)) == (BATCH, BATCH)
    advance(following, taken, seconds=1e-9)
    assert (len(taken), following.behind(TOPIC)) == (2 * BATCH, 0)


def test_a_broker_that_was_away_costs_nothing() -> None:
    """A round fails; the next one that does not goes on."""
    topics = filled()
    following, taken = follow(topics)
    advance(following, taken)
    topics.away = True
    with pytest.raises(KafkaException):
        advance(following, taken)
    topics.away = False
    topics.append(ONE, b"k", b"3")
    assert advance(following, taken) == set()
    assert taken[6:] == [(0, 3)]


def test_a_client_that_stands_still_has_a_successor() -> None:
    """Which reads on where it stood."""
    topics = filled()
    following, taken = follow(topics)
    advance(following, taken)
    topics.still = True
    topics.append(ONE, b"k", b"3")
    advance(following, taken)
    assert (taken[6:], following.behind(TOPIC), topics.opened[0].closed) == ([], 1, True)
    advance(following, taken)
    assert (taken[6:], len(topics.opened)) == ([(0, 3)], 2)


def test_a_record_that_could_not_be_taken_comes_again() -> None:
    """With no other left out or taken twice."""
    topics = filled()
    following, taken = follow(topics)
    following.look()
    left = [2]

    def take(place: Place, message: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError("the registry is away")
        taken.append((place.partition, message.offset()))

    with pytest.raises(OSError, match="away"):
        following.read(take, inf)
    advance(following, taken)
    assert sorted(taken) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_another_topic_of_the_name_begins_anew() -> None:
    """So does one that comes late, or gets a partition more."""
    topics = Topics()
    following, taken = follow(topics)
    assert advance(following, taken) == set()
    topics.logs, topics.next, topics.first = filled().logs, {ONE: 3, TWO: 3}, {ONE: 0, TWO: 0}
    assert advance(following, taken) == {TOPIC}
    made_anew = filled(1)
    topics.logs, topics.next = made_anew.logs, made_anew.next
    assert advance(following, taken) == {TOPIC}
    assert len(taken) == 6 + 2
    more = Place(TOPIC, 2)
    topics.logs[more], topics.next[more], topics.first[more] = {}, 0, 0
    assert advance(following, taken) == {TOPIC}
    assert len(taken) == 6 + 2 + 2
    following.close()
    assert all(one.closed for one in topics.opened)
