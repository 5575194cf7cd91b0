"""Customers as of a day, by nothing that came later."""

from __future__ import annotations

from datetime import timedelta
from math import log1p

import numpy as np
import pytest

from analytics.churn.snapshot import FEATURES, lost, snapshot
from tests.unit.analytics.churn.shop import OPENED, facts, shop

DAY = OPENED + timedelta(200)
ONES = facts([("often", 100), ("often", 140), ("often", 180), ("once", 150), ("gone", 109), ("later", 201)])


def test_customers_are_active_up_to_ninety_days_after_their_last_order() -> None:
    """As the rule of 90 days has it, to the day."""
    seen = snapshot(ONES.orders, DAY, 90)
    assert seen.customers == ("often", "once")
    assert list(seen.days_since) == [20, 50]
    assert snapshot(ONES.orders, DAY, 91).customers == ("gone", "often", "once")


def test_features_are_what_their_meaning_says() -> None:
    """Of one who comes every forty days, and of one who came once."""
    seen = snapshot(ONES.orders, DAY, 90)
    often, once = (dict(zip(FEATURES, row, strict=True)) for row in seen.values)
    expected = {
        "recency": 20,
        "tenure": 100,
        "orders": 3,
        "orders_last_quarter": 2,
        "gap": 40,
        "overdue": 20 / 41,
    }
    assert {name: often[name] for name in expected} == {
        name: pytest.approx(log1p(value)) for name, value in expected.items()
    }
    assert (often["bought_once"], once["bought_once"]) == (0, 1)
    assert once["gap"] == pytest.approx(log1p(50))
    assert often["basket"] == pytest.approx(log1p(50))
    assert (often["online_share"], often["promoted_share"]) == (0, 0)


def test_nothing_that_came_later_changes_a_snapshot() -> None:
    """Not even of the day after."""
    orders = shop()
    before = facts(order for order in orders if order[1] <= 200)
    assert len(before.orders) < len(orders)
    known, with_hindsight = (snapshot(one.orders, DAY, 90) for one in (before, facts(orders)))
    assert known.customers == with_hindsight.customers
    assert np.array_equal(known.values, with_hindsight.values)


def test_who_does_not_order_within_the_horizon_is_lost() -> None:
    """The last day of it counts, the day itself does not."""
    back = [("back", 200), ("late", 200), ("never", 200), ("back", 290), ("late", 291)]
    orders = facts(back).orders
    seen = snapshot(orders, DAY, 90)
    assert dict(zip(seen.customers, lost(orders, seen, 90), strict=True)) == {
        "back": False,
        "late": True,
        "never": True,
    }


def test_a_day_on_which_nobody_is_active_has_an_empty_snapshot() -> None:
    """Not a broken one."""
    seen = snapshot(ONES.orders, OPENED - timedelta(1), 90)
    assert seen.customers == ()
    assert seen.values.shape == (0, len(FEATURES))
    assert lost(ONES.orders, seen, 90).shape == (0,)
