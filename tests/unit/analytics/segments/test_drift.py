"""How far the customers of a week are from those of the week before."""

from __future__ import annotations

from analytics.profile.bins import CHANGED, MOVED
from analytics.segments.drift import bins, drifts
from analytics.segments.features import NAMES
from tests.unit.analytics.segments.crowd import crowd

FREQUENCY = NAMES.index("frequency")


def test_other_customers_of_the_same_kinds_have_not_moved() -> None:
    """Chance alone stays below the line."""
    found = drifts(bins(crowd(each=400)), crowd(each=400, seed=2))
    assert found.keys() == set(NAMES)
    assert max(found.values()) < MOVED


def test_customers_who_all_order_once_more_are_others() -> None:
    """Though all of them had the same number, and so one bin."""
    before, now = crowd(), crowd()
    before.values[:, FREQUENCY] = 1
    now.values[:, FREQUENCY] = 2
    found = drifts(bins(before), now)
    assert found["frequency"] > CHANGED
    assert found["basket"] == 0


def test_few_customers_tell_nothing() -> None:
    """Since chance moves every share of them."""
    few = crowd(each=20)
    assert drifts(bins(few), crowd()) == {}


def test_every_customer_is_in_one_bin() -> None:
    """Whatever the values."""
    customers = crowd()
    for one in bins(customers).values():
        assert one.rows == len(customers.values)
