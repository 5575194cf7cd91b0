"""Weeks from Monday to Sunday in the business time zone, by their names in ISO 8601, such as 2014-W26."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mesh.kernel.errors import LearningError

_WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, order=True)
class Week:
    """A week by its first day, a Monday."""

    monday: date

    @property
    def sunday(self) -> date:
        """The last day."""
        return self.monday + timedelta(6)

    def end(self, timezone: str) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.monday + timedelta(7), time(), ZoneInfo(timezone))

    def later(self, weeks: int) -> Week:
        """The week so many weeks later."""
        return Week(self.monday + timedelta(7 * weeks))

    def __str__(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"


def week_of(day: date) -> Week:
    """The week in which a day lies."""
    return Week(day - timedelta(day.weekday()))


def parse_week(text: str) -> Week:
    """The week of a name; raises :class:`LearningError` ``week-wrong``."""
    match = _WEEK.fullmatch(text)
    try:
        if match:
            return Week(date.fromisocalendar(int(match[1]), int(match[2]), 1))
    except ValueError:
        pass
    raise LearningError(
        "week-wrong", f"{text!r} is no week", place="--as-of", remedy="write it like 2014-W26, as in ISO 8601"
    )


def closed_week(first: date, today: date, asked: Week | None = None) -> Week:
    """The week that was asked for, or else the newest one that is over.

    ``first`` and ``today`` are the days of the first and of the newest fact: a week is over when something
    has happened after it. Raises :class:`LearningError` for a week that is not over or lies before all facts.
    """
    newest = week_of(today).later(-1)
    week = newest if asked is None else asked
    if newest < week_of(first) or week > newest:
        raise LearningError(
            "week-open",
            f"is not over; the newest fact is of {today}",
            place=str(max(week, week_of(first))),
            remedy=f"name {newest} or an earlier week" if newest >= week_of(first) else "wait for its end",
        )
    if week < week_of(first):
        raise LearningError(
            "week-empty",
            f"is before all facts; the first is of {first}",
            place=str(week),
            remedy=f"the first week is {week_of(first)}",
        )
    return week


def closed_weeks(first: date, today: date) -> list[Week]:
    """All weeks that are over, from that of the first fact on."""
    weeks = (today - timedelta(today.weekday()) - (first - timedelta(first.weekday()))).days // 7
    return [week_of(first).later(number) for number in range(weeks)]
