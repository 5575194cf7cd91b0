"""The event-time clock: the greatest event time of sales facts, and the windows it ends (rules 4 and 17)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping
from typing import NamedTuple

from streams.customer_360.days import BusinessDays
from streams.customer_360.reading import Reader
from streams.engine.fold import Fetched

YEAR_DAYS = 365
"""An order counts for the last year while its day is not more than this before the clock's day."""
CHURN_DAYS = 90
"""A customer churns when the day of the last transaction is more than this before the clock's day."""
UNKNOWN = -(1 << 62)
"""The clock before any fact: earlier than every moment, so that no window has ended."""

_KEPT = 4096


class Advance(NamedTuple):
    """The clock has moved on: from ``before``, by a record with this Kafka timestamp in ms."""

    before: int
    timestamp: int


class Windows(NamedTuple):
    """What a clock means: ``now``, and the first moments that still count for the year and against churn."""

    now: int
    year: int
    churn: int


class EventClock:
    """The clock of one worker, shared by its partitions. All moments in microseconds."""

    def __init__(self, reader: Reader, days: BusinessDays) -> None:
        self.days = days
        self.windows = self.at(UNKNOWN)
        self.timestamp = 0
        self._reader = reader
        self._log: list[tuple[int, int]] = []  # offset, clock from then on

    def put(self, topic: str, record: Fetched) -> Advance | None:
        """Take in a reading of the clock; None when it is not later than what is known."""
        offset, timestamp, _, value, _ = record
        moment = self._reader.read(value).number("event_time")
        if moment <= self.windows.now:
            return None
        advance = Advance(self.windows.now, timestamp)
        self.windows, self.timestamp = self.at(moment), timestamp
        self._log.append((offset, moment))
        if len(self._log) > _KEPT:
            # Without every other reading a question about the past gets an earlier answer, so a longer sweep.
            del self._log[1::2]
        return advance

    def at(self, moment: int) -> Windows:
        """The windows of any clock."""
        if moment == UNKNOWN:
            return Windows(UNKNOWN, UNKNOWN, UNKNOWN)
        day = self.days.day(moment)
        return Windows(moment, self.days.start(day - YEAR_DAYS), self.days.start(day - CHURN_DAYS))

    def changes_since(self, positions: Mapping[str, int]) -> set[Hashable]:
        """The advance from the clock just before ``positions`` (topic -> offset) to now, if there is one."""
        before = bisect_left(self._log, min(positions.values(), default=0), key=lambda entry: entry[0])
        since = self._log[before - 1][1] if before else UNKNOWN
        return {Advance(since, self.timestamp)} if since < self.windows.now else set()
