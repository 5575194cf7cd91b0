"""Runs of weeks on the real engine: what is read, kept, told, and told again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import numpy as np
import pytest

from analytics.segments import history
from analytics.segments.features import NAMES, REST, SHARE, UNITS
from tests.unit.analytics.segments.shop import WEEK, Shop

pytestmark = pytest.mark.real


def test_features_are_those_of_the_weeks_end(shop: Shop) -> None:
    """What was ordered later takes no part, and guests are nobody."""
    before = shop.features(WEEK)
    assert list(before.customers) == sorted(before.customers)
    assert not any(customer.startswith("guest:") for customer in before.customers)
    rows = [
        row
        for row in shop.trade["sales.orders_enriched"]
        if row["account"] == "a7" and row["ordered_at"][:10] <= WEEK.sunday.isoformat()
    ]
    found = dict(zip(before.names, before.values[before.customers.index("g7")], strict=True))
    orders = {row["order_id"] for row in rows}
    newest = max(datetime.fromisoformat(row["ordered_at"]).date() for row in rows)
    assert found["recency"] == (WEEK.sunday - newest).days
    assert found["frequency"] == len(orders)
    assert found["basket"] == pytest.approx(2 * len(rows) / len(orders))
    assert found[UNITS] == 2 * len(rows)
    goods = Counter(row["product_subcategory"] for row in rows)
    assert [name for name in before.names if name not in NAMES][-1] == REST
    own = [name for name in before.names if name.startswith(SHARE)]
    assert len(own) == shop.parameters.kinds
    for name in own:
        assert found[name] == pytest.approx(goods[name.removeprefix(SHARE)] / len(rows))
    assert found[REST] == pytest.approx(1 - sum(found[name] for name in own))
    shop.order(7, "2024-04-22")
    assert shop.features(WEEK).digest == before.digest
    shop.order(7, "2024-04-21")
    assert shop.features(WEEK).digest != before.digest


def test_goods_without_subcategories_go_by_their_category_and_without_either_by_nothing(shop: Shop) -> None:
    """The other features are the same, however many kinds an order has."""
    change = "ALTER TABLE sales.orders_enriched_v1 UPDATE {} WHERE 1 SETTINGS mutations_sync = 1"
    before = shop.features(WEEK)
    category = "if(cityHash64(product_id) % 2 = 0, 'Shoes', 'Hats')"
    shop.client.command(change.format(f"product_subcategory = NULL, product_category = {category}"))
    by_category = shop.features(WEEK)
    assert by_category.names == (*NAMES, UNITS, "share Hats", "share Shoes")
    shop.client.command(change.format("product_category = NULL"))
    plain = shop.features(WEEK)
    assert plain.names == NAMES
    for features in (before, by_category):
        assert features.customers == plain.customers
        assert np.array_equal(features.values[:, : len(NAMES)], plain.values)


def test_a_run_of_the_same_customers_is_the_same_run(shop: Shop) -> None:
    """Nothing is written, nothing is told, whatever has happened since."""
    first = shop.segment(WEEK)
    assert (first.is_new, first.run.told) == (True, len(first.learned.assigned))
    assert shop.segments == first.learned.assigned
    kept = shop.rows()
    shop.order(5, "2024-05-20")
    again = shop.segment(WEEK)
    assert not again.is_new
    assert again.run == first.run
    assert again.learned == first.learned
    assert shop.rows() == kept


def test_what_was_learned_is_read_as_it_was_kept(shop: Shop) -> None:
    """With last week's centres, tenths and drift to the last digit."""
    shop.segment(WEEK)
    second = shop.segment(WEEK.later(1))
    assert history.read(shop.client, second.run) == second.learned


def test_the_next_week_tells_whose_segment_is_new(shop: Shop) -> None:
    """And no one else's."""
    first = shop.segment(WEEK)
    for customer in (4, 5, 6):
        shop.order(customer, "2024-04-25")
    second = shop.segment(WEEK.later(1))
    assert second.learned.before == first.learned.digest
    assert shop.segments == second.learned.assigned
    changed = {
        customer
        for customer, segment in second.learned.assigned.items()
        if first.learned.assigned.get(customer) != segment
    }
    assert second.run.told == len(changed) < len(second.learned.assigned)


def test_a_fact_that_comes_late_makes_another_run_of_its_week(shop: Shop) -> None:
    """Its revision is higher, so whoever reads the stream ends with it."""
    shop.segment(WEEK)
    for customer in (4, 5, 6):
        shop.order(customer, "2024-04-18")
    second = shop.segment(WEEK)
    assert (second.run.number, second.is_new) == (2, True)
    assert shop.segments == second.learned.assigned


def test_an_earlier_week_is_kept_and_not_told(shop: Shop) -> None:
    """What was told of a later one holds."""
    later = shop.segment(WEEK.later(1))
    earlier = shop.segment(WEEK)
    assert (earlier.is_new, earlier.run.told) == (True, None)
    assert shop.segments == later.learned.assigned


def test_a_run_that_was_cut_short_is_finished_by_its_repetition(shop: Shop) -> None:
    """With the same revisions, so that who was told already is told nothing new."""
    shop.reaches = 3
    with pytest.raises(ConnectionError):
        shop.segment(WEEK)
    assert len(shop.told) == 3
    shop.reaches = 10**6
    done = shop.segment(WEEK)
    assert (done.run.number, done.is_new) == (1, True)
    assert shop.segments == done.learned.assigned
    assert {seq for seq, _ in shop.told.values()} == {done.run.week.monday.toordinal() // 7 * 1000 + 1}


def test_after_a_run_that_was_cut_short_everybody_is_told(shop: Shop) -> None:
    """Since nobody knows whom it reached, and its customers are others now."""
    shop.segment(WEEK)
    shop.reaches = 1
    for customer in (4, 5, 6):
        shop.order(customer, "2024-04-18")
    with pytest.raises(ConnectionError):
        shop.segment(WEEK)
    shop.reaches = 10**6
    shop.order(7, "2024-04-18")
    third = shop.segment(WEEK)
    assert (third.run.number, third.run.told) == (3, len(third.learned.assigned))
    assert shop.segments == third.learned.assigned
    assert [run.ended for run in history.runs(shop.client)] == [True, False, True]
