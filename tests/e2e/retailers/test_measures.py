"""Measures of any retailer: customers by what their orders say, and those that are kept, against Polars."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from analytics.semantic.model import Kept
from analytics.semantic.reading import read_model
from mesh.kernel.discovery import find_mesh
from tests.e2e.landed import Row
from tests.e2e.measures_by_hand import Measured
from tests.e2e.retailers.retailer import Retailer

pytestmark = pytest.mark.real
MODEL = read_model(find_mesh())
BY: dict[str, Callable[[Measured, Row], Any]] = {
    "employee_id": lambda now, order: order["employee_id"] if order["employee_id"] in now.employees else None,
    "store_id": lambda now, order: order["location_id"] if order["location_id"] in now.channels else None,
    "order_month": lambda _, order: f"{order['ordered_at']:%Y-%m}",
}
LATE = "100000"
"""Seconds that kept measures may be behind: they are kept before, and nothing lands in the meantime."""


@pytest.mark.parametrize("by", list(BY))
def test_customers_are_counted_by_employee_place_and_month(mesh: Retailer, now: Measured, by: str) -> None:
    """Once in each group, however often they order there; who has ordered nothing is in none."""
    expected = now.customers_by(lambda order: BY[by](now, order))
    assert len(expected) > 1
    rows = mesh.measure("total_customers", "--by", by)
    assert {row[by]: {"total_customers": row["total_customers"]} for row in rows} == expected


@pytest.mark.parametrize("kept", MODEL.kept, ids=lambda kept: kept.name)
def test_kept_measures_are_those_of_the_facts(mesh: Retailer, now: Measured, kept: Kept) -> None:
    """By all that they are kept by, as the facts give them; and together as Polars does."""
    mesh.lines("keep", kept.name)
    grouped = (*kept.measures, "--by", *kept.by)
    asked = mesh.run("measure", *grouped, "--within", LATE, "--sql")
    assert "sales." not in asked.stdout, asked.stdout
    assert mesh.measure(*grouped, "--within", LATE) == mesh.measure(*grouped)
    (row,) = mesh.measure(*kept.measures, "--within", LATE)
    totals = now.totals()
    exact = {name: None if value is None else Decimal(value) for name, value in row.items()}
    assert exact == {name: totals[name] for name in kept.measures}
