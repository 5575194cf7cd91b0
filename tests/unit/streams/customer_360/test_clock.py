"""The event-time clock of a worker."""

from __future__ import annotations

from datetime import timedelta

from streams.customer_360 import clock, topics
from streams.customer_360.clock import UNKNOWN, Advance, EventClock
from streams.customer_360.days import BusinessDays
from streams.customer_360.reading import Reader
from tests.unit.streams.customer_360.flow import CODECS, NOW, NoResolver, clock_record
from tests.unit.streams.customer_360.world import START

MICROS = int(START.timestamp()) * 1_000_000


def fresh() -> EventClock:
    """A clock that knows nothing."""
    return EventClock(Reader(CODECS[topics.CLOCK], NoResolver()), BusinessDays("UTC"))


def test_it_is_the_greatest_reading() -> None:
    """A reading that is not later changes nothing."""
    events = fresh()
    assert events.put(topics.CLOCK, clock_record(0, START)) == Advance(UNKNOWN, NOW)
    assert events.put(topics.CLOCK, clock_record(1, START - timedelta(days=9))) is None
    assert events.put(topics.CLOCK, clock_record(2, START + timedelta(days=1))) == Advance(MICROS, NOW)
    assert events.windows.now == MICROS + 86_400_000_000


def test_changes_since_a_position_begin_with_the_clock_before_it() -> None:
    """At the end of what is known there are none."""
    events = fresh()
    for offset in range(4):
        events.put(topics.CLOCK, clock_record(offset, START + timedelta(seconds=offset)))
    assert events.changes_since({}) == {Advance(UNKNOWN, NOW)}
    assert events.changes_since({topics.CLOCK: 2}) == {Advance(MICROS + 1_000_000, NOW)}
    assert events.changes_since({topics.CLOCK: 4}) == set()


def test_a_long_memory_is_thinned_to_the_safe_side() -> None:
    """The clock that is remembered is never later than it was, so a sweep never begins too late."""
    events = fresh()
    count = clock._KEPT * 3
    for offset in range(count):
        events.put(topics.CLOCK, clock_record(offset, START + timedelta(seconds=offset)))
    assert len(events._log) <= clock._KEPT + 1
    for position in range(1, count, 97):
        (advance,) = events.changes_since({topics.CLOCK: position})
        assert isinstance(advance, Advance)
        assert advance.before <= MICROS + (position - 1) * 1_000_000
