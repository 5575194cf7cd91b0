"""The semantic model on a whole mesh that carries Adventure Works, against its files read independently."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from analytics.semantic.reading import read_model
from mesh.kernel.discovery import find_mesh
from tests.e2e.adventureworks import CLOCK, Books, Values
from tests.e2e.retailers.retailer import Retailer

pytestmark = [pytest.mark.real, pytest.mark.parametrize("mesh", ["adventureworks"], indirect=True)]
PAGE = Path(__file__).parents[3] / "portal" / "docs" / "semantic-model.md"


@pytest.fixture(scope="module")
def books() -> Books:
    """The source's books, whole."""
    return Books.until(CLOCK)


def numbers(row: dict[str, Any], names: Values) -> Values:
    """Some measures of a row, as exact numbers."""
    return {name: None if row[name] is None else Decimal(row[name]) for name in names}


def test_every_measure_equals_the_books(mesh: Retailer, books: Books) -> None:
    """All of them, none left out, to the last digit."""
    expected = books.totals()
    (row,) = mesh.measure(*expected)
    assert numbers(row, expected) == expected
    months = {
        "monthly_revenue_curr": books.of_month("2014-07"),
        "monthly_revenue_prev": books.of_month("2014-06"),
    }
    (row,) = mesh.measure(*months)
    assert numbers(row, months) == months
    assert expected.keys() | months.keys() == read_model(find_mesh()).measures.keys()


@pytest.mark.parametrize("by", ["channel_type", "transaction_month", "country"])
def test_measures_of_orders_equal_the_books_by_group(mesh: Retailer, books: Books, by: str) -> None:
    """Every group, and no other."""
    expected = books.by(by)
    rows = mesh.measure(*next(iter(expected.values())), "--by", by)
    assert {row[by]: numbers(row, expected[row[by]]) for row in rows} == expected


def test_measures_by_product_equal_the_books_and_add_up(mesh: Retailer, books: Books) -> None:
    """Over the many side, with products that were never sold, and customers who never bought."""
    expected = books.by_category()
    rows = mesh.measure(*expected["Bikes"], "--by", "product_category")
    found = {row["product_category"]: numbers(row, expected["Bikes"]) for row in rows}
    assert found == expected
    for name in ("total_revenue", "total_shipping_amount", "total_discounted_amount", "net_sales"):
        assert sum(row[name] for row in found.values()) == books.totals()[name]


def test_measures_of_customers_equal_the_books_by_age_group(mesh: Retailer, books: Books) -> None:
    """As old as they were when the last thing happened."""
    expected = books.by_age_group()
    rows = mesh.measure("total_customers", "average_age", "--by", "age_group")
    assert {row["age_group"]: numbers(row, expected[None]) for row in rows} == expected


def test_an_earlier_day_shows_the_books_of_that_day(mesh: Retailer) -> None:
    """Facts, prices, costs and ages; customers and stores do not say when they came."""
    then = Books.until(date(2013, 6, 30))
    expected = then.totals() | {
        "monthly_revenue_curr": then.of_month("2013-06"),
        "monthly_revenue_prev": then.of_month("2013-05"),
    }
    del expected["total_employees"]
    (row,) = mesh.measure(*expected, "--as-of", "2013-06-30")
    assert numbers(row, expected) == expected


def test_a_condition_is_that_of_the_books(mesh: Retailer, books: Books) -> None:
    """The question of the documentation."""
    german = books.orders.filter(books.orders["country"] == "Germany")
    rows = mesh.measure(
        "total_revenue", "--by", "channel_type", "transaction_month", "--where", "country = 'Germany'"
    )
    expected = {
        key: Decimal(orders["due"].sum()) / 10_000
        for key, orders in german.group_by("channel_type", "transaction_month")
    }
    assert {
        (row["channel_type"], row["transaction_month"]): Decimal(row["total_revenue"]) for row in rows
    } == expected


def test_other_tools_read_the_same_from_the_views(mesh: Retailer, books: Books) -> None:
    """SQLAlchemy finds the views and their columns, and sums what it likes."""
    engine = sa.create_engine(f"clickhousedb://default@{urlsplit(mesh.settings.warehouse).netloc}/model")
    by_month = sa.Table("revenue_by_month", sa.MetaData(), autoload_with=engine)
    share = sa.Table("transaction_share", sa.MetaData(), autoload_with=engine)
    measures = sa.Table("measures", sa.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        total = sa.func.sum(by_month.c.total_revenue)
        months = connection.execute(
            sa.select(by_month.c.transaction_month, total).group_by(by_month.c.transaction_month)
        )
        assert dict(months.tuples().all()) == {
            month: values["total_revenue"] for month, values in books.by("transaction_month").items()
        }
        category = share.c.product_category
        shares = connection.execute(sa.select(category, sa.func.sum(share.c.amount_share)).group_by(category))
        assert dict(shares.tuples().all()) == {
            name: values["total_revenue"] for name, values in books.by_category().items() if name
        }
        (row,) = connection.execute(sa.select(measures)).mappings().all()
    engine.dispose()
    expected = books.totals()
    assert numbers(dict(row), expected) == expected


def test_the_documentations_table_is_what_is_measured(mesh: Retailer) -> None:
    """Every measure of the page has the number that the page says."""
    page = PAGE.read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| ([\d.,]+|–) \|", page, re.MULTILINE))
    assert told.keys() == read_model(find_mesh()).measures.keys()
    (row,) = mesh.measure(*told)
    assert numbers(row, dict.fromkeys(told, 0)) == {
        name: None if value == "–" else Decimal(value.replace(",", "")) for name, value in told.items()
    }


def test_nothing_is_left_to_apply(mesh: Retailer) -> None:
    """The views stand as the model says, and a plan finds none that differs."""
    done = mesh.run("plan", "--json")
    areas = [change["area"] for change in json.loads(done.stdout)["changes"]]
    assert "view" not in areas
