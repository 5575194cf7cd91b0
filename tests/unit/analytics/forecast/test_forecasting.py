"""Forecasts of trades whose next months are known: the nearest method is used, and held to the baseline."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analytics.forecast.forecasting import USED, Forecast, forecast
from analytics.forecast.history import values
from analytics.forecast.methods import BASELINE, METHODS, seasonal_naive, smoothing, with_growth
from analytics.forecast.months import Months, Numbers, later
from analytics.forecast.parameters import Parameters
from mesh.kernel.errors import LearningError

FIRST = date(2022, 1, 1)
PARAMETERS = Parameters()
SEASON = np.array([3.0, 1, 2, 5, 9, 4, 7, 2, 6, 8, 11, 12])
ADVENTURE_WORKS = 1.0 * np.array([
    459, 2045, 2496, 502, 4589, 738, 1310, 3971, 1475, 2976, 1635, 3075, 4099, 3418, 2176, 3454, 2544, 1873,
    2829, 2088, 2317, 3412, 2532, 3246, 5081, 4896, 3334, 4533, 4796, 3312, 4075, 4290,
    1338, 7218, 1797, 5367, 49,
])  # fmt: skip
"""Net by month from June 2011, in thousands."""


def said(sold: Numbers) -> Forecast:
    """The forecast of a trade from 2022 on."""
    return forecast(Months(FIRST, sold), PARAMETERS)


def wapes(one: Forecast) -> dict[str, float]:
    """The error of each method."""
    return {quality.method: quality.wape for quality in one.quality}


def test_the_baseline_is_the_same_month_of_the_year_before() -> None:
    """And tells nothing before a year is known."""
    assert seasonal_naive(np.arange(14.0), 3).tolist() == [2, 3, 4]
    assert np.isnan(seasonal_naive(np.arange(11.0), 3)).all()


def test_growth_is_that_of_the_last_three_months() -> None:
    """And is not known before 15, or after months without sales."""
    assert with_growth(np.append(SEASON, 2 * SEASON[:3]), 2).tolist() == [10, 18]
    assert np.isnan(with_growth(np.arange(14.0), 3)).all()
    assert np.isnan(with_growth(np.append(np.zeros(12), [1.0, 2, 3]), 3)).all()


def test_smoothing_is_a_weighted_mean_of_the_past() -> None:
    """One level for all months, by the weight that would have forecast each month best from those before."""
    chance = np.random.default_rng(1)
    sold = 1e6 + 1e5 * chance.standard_normal(40)
    ahead = smoothing(sold, 3)
    assert np.ptp(ahead) == 0
    assert abs(ahead[0] - 1e6) < 5e4
    assert smoothing(np.full(20, 7.0), 2).tolist() == [7, 7]
    grid = [_one_step(sold / 1e6, weight) for weight in np.linspace(0.01, 0.99, 99)]
    assert _one_step(sold / 1e6, 0.01) == pytest.approx(min(grid), rel=1e-3)


def _one_step(sold: Numbers, weight: float) -> float:
    level, wrong = sold.mean(), 0.0
    for one in sold:
        wrong += (one - level) ** 2
        level += weight * (one - level)
    return wrong


def test_a_season_that_repeats_is_left_to_the_baseline() -> None:
    """Which is used where no other method is nearer."""
    one = said(np.tile(SEASON, 3))
    assert (one.method, one.verdict, wapes(one)[USED]) == (BASELINE, "no better", 0)
    assert one.base == date(2025, 1, 1)
    assert one.values[BASELINE].tolist() == [3, 1, 2]


def test_a_season_that_grows_is_told_with_growth() -> None:
    """From the second test on: at the first one nothing spoke against the baseline."""
    one = said(np.concatenate([SEASON, 2 * SEASON, 4 * SEASON]))
    assert (one.method, one.verdict) == ("with_growth", "better")
    assert next(test for test in one.tests if test.used).method == BASELINE
    assert wapes(one)["with_growth"] < wapes(one)[USED] < wapes(one)[BASELINE]


def test_a_trade_in_lumps_is_told_by_its_level() -> None:
    """Where a month says little of the same one a year later, as at the real retailer."""
    one = said(ADVENTURE_WORKS)
    assert (one.method, one.verdict) == ("smoothing", "better")
    rounded = {method: round(wape) for method, wape in wapes(one).items()}
    assert rounded == {"smoothing": 37, USED: 39, "with_growth": 44, BASELINE: 47}


def test_what_was_worse_than_the_baseline_says_so() -> None:
    """Months by chance alone: whichever was the nearest so far was so by luck."""
    one = said(1e6 * np.random.default_rng(2).exponential(size=40))
    assert wapes(one)[USED] > wapes(one)[BASELINE]
    assert one.verdict == "worse"


def test_no_test_knows_what_came_later() -> None:
    """Whatever follows a base, what was said and which method was used there stay the same."""
    sold = np.tile(SEASON, 3) * np.linspace(1, 2, 36)
    changed = np.append(sold[:30], np.full(6, 99.0))
    for one, other in zip(said(sold).tests, said(changed).tests, strict=True):
        if one.base <= later(FIRST, 30):
            assert replace(one, actual=0) == replace(other, actual=0)


def test_every_method_is_held_to_the_same_months() -> None:
    """Three of them after each base, fewer at the end; exactly one is used for each."""
    one = said(np.tile(SEASON, 2))
    assert {quality.forecasts for quality in one.quality} == {
        sum(min(3, 24 - known) for known in range(15, 24))
    }
    assert sum(test.used for test in one.tests) * len(METHODS) == len(one.tests)


def test_the_same_months_are_the_same_run() -> None:
    """By its digest; another month is another one."""
    sold = np.tile(SEASON, 2)
    one, again = said(sold), said(sold.copy())
    assert (one.digest, one.tests) == (again.digest, again.tests)
    assert said(np.append(sold, 3.0)).digest != one.digest
    assert forecast(Months(FIRST, sold), Parameters(ahead=2)).digest != one.digest


def test_a_month_that_a_method_cannot_tell_is_null() -> None:
    """It is neither used nor a number, where a quarter of the year before is without sales."""
    sold = np.append(np.tile(SEASON, 2), SEASON)
    sold[21:24] = 0
    one = said(sold)
    rows = [row for row in values(one) if row["method"] == "with_growth"]
    assert [row["forecast"] for row in rows] == [None] * 3
    assert one.method != "with_growth"
    assert [row["month"] for row in rows] == [date(2025, month, 1) for month in (1, 2, 3)]
    assert all(math.isfinite(row["forecast"]) for row in values(one) if row["used"])


@pytest.mark.parametrize("sold", [np.zeros(0), SEASON, np.append(SEASON, SEASON[:3]), np.zeros(30)])
def test_too_few_months_are_refused(sold: Numbers) -> None:
    """Without a test nothing would say how near a forecast is."""
    with pytest.raises(LearningError, match=r"\[too-little-history\]"):
        said(sold)
