"""The clock of a simulation: when its first day begins, and how long each of its days lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from mesh.simulate.chance import Floats, Numbers

SECOND = 1_000_000
"""Microseconds of a second."""
DAY = 86_400 * SECOND
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Clock:
    """Event times from days of trade.

    In a history a day of trade is a day. Live it is as short as the rate of events asks for, so that the
    parcel of an order is on its way while one looks on; the season is always that of the event's time.
    """

    origin: int
    """Microseconds since 1970-01-01 UTC at which day 0 begins."""
    day: int = DAY
    """Microseconds of a day of trade."""

    def moments(self, days: Floats) -> Numbers:
        """Event times, in whole milliseconds, of moments in days of trade."""
        return self.origin + np.round(days * (self.day / 1000)).astype(np.int64) * 1000

    def span(self, days: Floats) -> Numbers:
        """Microseconds, in whole milliseconds, of a number of days of trade."""
        return np.round(days * (self.day / 1000)).astype(np.int64) * 1000


def micros(day: date) -> int:
    """The first moment of a day (UTC)."""
    return (day - EPOCH).days * DAY


def moment(time: int) -> datetime:
    """A moment as people read it."""
    return datetime.fromtimestamp(time / SECOND, UTC)


def months(times: Numbers) -> Numbers:
    """The month of each moment, January 0."""
    return times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12


def weekdays(times: Numbers) -> Numbers:
    """The weekday of each moment, Monday 0."""
    return (times // DAY + 3) % 7
