"""Whether a table grows as it did."""

from __future__ import annotations

import pytest

from analytics.quality.growth import LEAST_RATES, Count, odd_rows

HOUR = 3600.0


def hourly(*came: int, start: int = 1000) -> list[Count]:
    """Counts an hour apart, so many rows more each time."""
    counts = [Count(0.0, start)]
    for number, rows in enumerate(came, 1):
        counts.append(Count(number * HOUR, counts[-1].rows + rows))
    return counts


STEADY = hourly(100, 110, 95, 104, 98, 105, 90, 100, 107)
LAST = STEADY[-1]


@pytest.mark.parametrize(
    ("hours", "came", "odd"),
    [
        (1, 100, False),
        (1, 85, False),
        (1, 0, True),
        (1, 400, True),
        (2, 200, False),
        (2, 100, True),
        (24, 2400, False),
    ],
)
def test_a_rate_far_from_those_before_is_odd(hours: int, came: int, odd: bool) -> None:
    """However long the interval; the rows too many or too few are told."""
    found = odd_rows(STEADY, Count(LAST.at + hours * HOUR, LAST.rows + came))
    assert (found > 0) is odd
    if odd:
        assert found == pytest.approx(abs(came - 100 * hours), abs=5 * hours)


def test_rows_that_are_gone_are_odd_at_once() -> None:
    """More than may go by a correction."""
    assert odd_rows(hourly(), Count(HOUR, 900)) == 100
    assert odd_rows(hourly(), Count(HOUR, 990)) == 0


def test_little_history_and_few_rows_say_nothing() -> None:
    """Nor does a judgement that is older than the last."""
    short = hourly(*[100] * (LEAST_RATES - 1))
    assert odd_rows([], Count(0, 5)) == 0
    assert odd_rows(short, Count(short[-1].at + HOUR, short[-1].rows + 10_000)) == 0
    quiet = hourly(*[0] * LEAST_RATES)
    assert odd_rows(quiet, Count(quiet[-1].at + HOUR, quiet[-1].rows + 10)) == 0
    assert odd_rows(quiet, Count(quiet[-1].at + HOUR, quiet[-1].rows + 500)) == 500
    assert odd_rows(STEADY, Count(LAST.at, 0)) == 0
