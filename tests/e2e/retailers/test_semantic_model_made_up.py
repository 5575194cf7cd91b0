"""The semantic model on a made-up retailer, whose orders are cancelled, come back and follow campaigns.

Adventure Works has none of these; its own test compares the rest with its files.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics.semantic.reading import read_model
from mesh.kernel.discovery import find_mesh
from tests.e2e.adventureworks import Values
from tests.e2e.landed import Landed
from tests.e2e.measures_by_hand import Expected, Measured
from tests.e2e.retailers.retailer import Retailer

pytestmark = [pytest.mark.real, pytest.mark.parametrize("mesh", ["strideright"], indirect=True)]
OF_THE_DAY = {"monthly_revenue_curr", "monthly_revenue_prev"}
PRESENT = (
    *("canceled_order_percentage", "delivered_in_time_percentage", "average_delivery_days", "total_returns"),
    *("total_refunded_amount", "total_campaigns", "clicked_contact_percentage", "total_visitors"),
    *("web_session_conversion_percentage", "stock_on_hand", "transaction_percentage_with_discount"),
    "ups_delivered_percentage",
)
"""Measures of what this retailer has and Adventure Works has not: none may be 0 here."""


def numbers(row: dict[str, Any], names: Values) -> Values:
    """Some measures of a row, as exact numbers."""
    return {name: None if row[name] is None else Decimal(row[name]) for name in names}


def require(mesh: Retailer, by: str, expected: Expected) -> None:
    """Every group has its measures, and there is no other."""
    names = next(iter(expected.values()))
    found = {row[by]: numbers(row, names) for row in mesh.measure(*names, "--by", by)}
    assert found.keys() == expected.keys()
    differing = {
        (group, name): (found[group][name], value)
        for group, values in expected.items()
        for name, value in values.items()
        if found[group][name] != value
    }
    assert not differing, differing


def test_every_measure_equals_what_is_worked_out_by_hand(mesh: Retailer, now: Measured) -> None:
    """All of them, none left out, to the last digit."""
    last = now.moment.date().replace(day=1) - timedelta(1)
    expected = now.totals() | {
        "monthly_revenue_curr": now.of_month(f"{now.moment:%Y-%m}"),
        "monthly_revenue_prev": now.of_month(f"{last:%Y-%m}"),
    }
    assert expected.keys() == read_model(find_mesh()).measures.keys()
    (row,) = mesh.measure(*expected)
    assert numbers(row, expected) == expected
    assert [name for name in PRESENT if not expected[name]] == []


def test_an_earlier_day_has_the_measures_of_that_day(mesh: Retailer, now: Measured) -> None:
    """Facts, prices and ages; what came later is not there."""
    day = now.moment.date() - timedelta(60)
    then = Measured(Landed(now.landed.client, day), datetime.combine(day, time.max, UTC), stated=True)
    expected = then.totals() | {"monthly_revenue_curr": then.of_month(f"{day:%Y-%m}")}
    assert expected["total_orders"] < now.totals()["total_orders"]
    (row,) = mesh.measure(*expected, "--as-of", day.isoformat())
    assert numbers(row, expected) == expected


@pytest.mark.parametrize("by", ["channel_type", "country"])
def test_measures_of_orders_are_right_by_group(mesh: Retailer, now: Measured, by: str) -> None:
    """Payments, orders, lines and returns beside each other."""
    require(mesh, by, now.by_order(by))


def test_measures_of_payments_are_right_by_month(mesh: Retailer, now: Measured) -> None:
    """Of which an order may have some in several months."""
    require(mesh, "transaction_month", now.by_month())


def test_measures_by_product_are_right_and_add_up(mesh: Retailer, now: Measured) -> None:
    """What is paid and owed is divided among lines; what came back is of its own line."""
    expected = now.by_category()
    require(mesh, "product_category", expected)
    totals = now.totals()
    for name in ("total_revenue", "total_order_amount", "total_refunded_amount", "total_returned_units"):
        assert sum(values[name] for values in expected.values()) == totals[name]


def test_measures_of_people_campaigns_and_stock_are_right_by_group(mesh: Retailer, now: Measured) -> None:
    """Each by a dimension that belongs to it."""
    require(mesh, "age_group", now.by_age_group())
    require(mesh, "campaign_channel", now.by_campaign())
    require(mesh, "site_type", now.by_site_type())
    require(mesh, "return_reason", now.by_reason())
