"""Weeks: their names, which are over, and which are due."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from analytics.segments.week import Week, closed_week, closed_weeks, parse_week, week_of
from mesh.kernel.errors import LearningError

FIRST, TODAY = date(2014, 6, 4), date(2014, 7, 1)


def test_a_week_has_the_name_of_iso_8601() -> None:
    """Also where year and ISO year differ."""
    assert str(week_of(date(2014, 12, 29))) == "2015-W01"
    assert parse_week("2015-W01") == Week(date(2014, 12, 29))
    assert parse_week("2020-W53").sunday == date(2021, 1, 3)


@pytest.mark.parametrize("text", ["2014-26", "2014-W00", "2014-W53", "2014-W26 ", "june", "0000-W01"])
def test_what_is_no_week_is_refused(text: str) -> None:
    """With the form that it should have."""
    with pytest.raises(LearningError, match=r"LearningError\[week-wrong\] --as-of: .* like 2014-W26"):
        parse_week(text)


def test_a_week_ends_in_the_business_time_zone() -> None:
    """Where Monday begins later than in Greenwich."""
    end = Week(date(2014, 6, 23)).end("America/New_York")
    assert end.astimezone(UTC) == datetime(2014, 6, 30, 4, tzinfo=UTC)


def test_a_week_is_over_when_something_happened_after_it() -> None:
    """On its Sunday it is not, on the Monday it is."""
    week = Week(date(2014, 6, 23))
    assert closed_week(FIRST, date(2014, 6, 30)) == week
    assert closed_week(FIRST, date(2014, 6, 29)) == week.later(-1)
    with pytest.raises(LearningError, match=r"\[week-open\] 2014-W26: .* name 2014-W25 or an earlier"):
        closed_week(FIRST, date(2014, 6, 29), week)


def test_a_week_before_all_facts_is_refused() -> None:
    """With the first one that there is."""
    assert closed_week(FIRST, TODAY, week_of(FIRST)) == week_of(FIRST)
    with pytest.raises(LearningError, match=r"\[week-empty\] 2014-W22: .* the first week is 2014-W23"):
        closed_week(FIRST, TODAY, parse_week("2014-W22"))


def test_where_no_week_is_over_yet_there_is_none_to_name() -> None:
    """The first week of a young mesh."""
    with pytest.raises(LearningError, match=r"\[week-open\] 2014-W23: .* wait for its end"):
        closed_week(FIRST, date(2014, 6, 8))


def test_weeks_that_are_over_are_all_since_the_first_fact() -> None:
    """Not the one that runs, none before the first fact."""
    names = [str(week) for week in closed_weeks(FIRST, TODAY)]
    assert names == ["2014-W23", "2014-W24", "2014-W25", "2014-W26"]
    assert closed_weeks(FIRST, date(2014, 6, 8)) == []
    assert len(closed_weeks(date(2011, 5, 31), date(2014, 6, 30))) == 161
