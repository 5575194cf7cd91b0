"""How far the customers of a week are from those of the week before."""

from __future__ import annotations

import numpy as np

from analytics.profile.bins import CHANGED, MOVED
from analytics.segments.drift import bins, drifts
from analytics.segments.features import NAMES
from tests.unit.analytics.segments.crowd import crowd

FREQUENCY = NAMES.index("frequency")


def test_other_customers_of_the_same_kinds_have_not_moved() -> None:
    """Chance alone stays below the line."""
    found = drifts(bins(crowd(each=400).values), crowd(each=400, seed=2).values)
    assert found.keys() == set(NAMES)
    assert max(found.values()) < MOVED


def test_customers_who_all_order_once_more_are_others() -> None:
    """Though all of them had the same number, and so one bin."""
    before, now = crowd().values.copy(), crowd().values.copy()
    before[:, FREQUENCY] = 1
    now[:, FREQUENCY] = 2
    found = drifts(bins(before), now)
    assert found["frequency"] > CHANGED
    assert found["basket"] == 0


def test_few_customers_tell_nothing() -> None:
    """Since chance moves every share of them."""
    few = crowd(each=20).values
    assert drifts(bins(few), crowd().values) == {}


def test_every_customer_is_in_one_bin() -> None:
    """Whatever the values."""
    values = crowd().values
    values[:, 4] = np.nan_to_num(values[:, 4])
    for one in bins(values).values():
        assert one.rows == len(values)
