"""Which level, window and status a customer falls into, at each boundary and beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from analytics.marts.asking import as_of
from analytics.marts.reading import read_library
from tests.unit.analytics.semantic.world import MESH, Row, empty_warehouse, fill

pytestmark = pytest.mark.real
LIBRARY = read_library(MESH)
DAY = date(2024, 6, 30)


def line(account: str, net: str, days: int = 0, quantity: int = 1, status: str = "Delivered") -> Row:
    """A line, the only one of its order, so many days before the day; it has cost nearly all of its net."""
    moment = f"{DAY - timedelta(days)} 23:59:59"
    sold: Row = {"order_id": f"{account}/{net}/{days}", "line_number": 1, "account": account, "fx_rate": "1"}
    sold |= {"ordered_at": moment, "quantity": quantity, "product_id": f"p{days}", "order_status": status}
    sold |= {"gross_amount": net, "net_amount": net, "gross": net, "net": net, "version": 1}
    return sold | {"product_unit_cost": Decimal(net) - 1, "cost": Decimal(net) - 1}


def payment(account: str, days: int) -> Row:
    """A payment of ten, so many days before the day."""
    moment = f"{DAY - timedelta(days)} 23:59:59"
    row = {"transaction_id": f"{account}/{days}", "order_id": "o", "account": account, "amount": "10"}
    return row | {"fx_rate": "1", "transaction_at": moment, "occurred_at": moment, "seq": 1}


LINES = [
    line("fifty", "50"),
    line("above", "50.0001"),
    line("below", "149.9999"),
    line("level3", "150"),
    line("in", "60", days=364),
    line("out", "60", days=365),
    line("two", "40"),
    line("two", "20", days=1),
    line("cancelled", "200", status="Cancelled"),
    line("returned", "200", quantity=2),
    *(line("wanted", "1", days=days) for days in (29, 30, 89, 90)),
]
PAID = {"ninety": 90, "ninety-one": 91}
BACK = {"return_id": "r", "order_id": "returned/200/0", "line_number": 1, "account": "returned"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with the facts above."""
    server = empty_warehouse(tmp_path_factory.mktemp("boundaries") / "path")
    client = clickhouse_connect.get_client(port=server.port)
    accounts = {*(one["account"] for one in LINES), *PAID}
    known = {"valid_from": "2020-01-01 00:00:00", "seq": 1, "last_name": "Ruiz"}
    moment = f"{DAY} 12:00:00"
    back = {**BACK, "quantity": 1, "amount": 190, "fx_rate": "1", "seq": 1}
    visits = [
        {"session_id": f"{days}", "account": "wanted", "location_id": "web", "seq": 1}
        | {"ended_at": f"{DAY - timedelta(days)} 12:00:00"}
        for days in (89, 90)
    ]
    world = {
        "customer.customers": [{"account": one, "golden_id": one, **known} for one in sorted(accounts)],
        "sales.orders_enriched": LINES,
        "sales.transactions": [payment(account, days) for account, days in PAID.items()],
        "sales.returns": [back | {"returned_at": moment, "occurred_at": moment}],
        "customer.web_sessions": visits,
    }
    fill(client, world)
    yield client
    client.close()
    server.stop()


def rows(client: Client, name: str) -> dict[str, dict[str, Any]]:
    """A mart as of the day, by its key."""
    mart = LIBRARY.mart(name)
    names = [column.name for column in mart.columns]
    found = as_of(client, LIBRARY, mart, DAY, "UTC", None).rows
    return {row[0]: dict(zip(names, row, strict=True)) for row in found}


def test_the_profit_level_goes_by_what_was_bought(client: Client) -> None:
    """Net of a year, before returns and whatever it cost; cancelled orders are not bought."""
    found = rows(client, "customer_features")
    levels = {name: row["profit_level_last_year"] for name, row in found.items()}
    assert levels == {
        **{"fifty": 1, "above": 2, "below": 2, "level3": 3, "in": 2, "out": 1},
        **{"two": 2, "cancelled": 1, "returned": 3, "wanted": 1, "ninety": 1, "ninety-one": 1},
    }
    back = found["returned"]
    assert (back["net_last_year"], back["return_rate_last_year"]) == (200, 50)
    assert back["profit_last_year"] == 200 - 190 - 199


def test_the_last_year_is_365_days_with_the_day(client: Client) -> None:
    """The order of 364 days ago is in it, that of 365 is not."""
    found = rows(client, "customer_features")
    assert (found["in"]["orders_last_year"], found["out"]["orders_last_year"]) == (1, 0)
    assert (found["in"]["net_last_year"], found["out"]["net_last_year"]) == (60, 0)


def test_demand_of_so_many_days_is_of_so_many(client: Client) -> None:
    """With the day."""
    demand = rows(client, "demand_summary")
    found = [[demand[f"p{days}"][f"units_{window}"] for window in (30, 90, 365)] for days in (29, 30, 89, 90)]
    assert found == [[1, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 1]]
    assert [demand[f"p{days}"]["units_365"] for days in (364, 365)] == [1, 0]


def test_engagement_is_of_ninety_days_and_bands_go_by_days_ago(client: Client) -> None:
    """One of the two visits counts; 365 days ago is not more than 365 days ago."""
    found = rows(client, "customers_master")
    assert found["wanted"]["engagement_index"] == 5
    assert (found["in"]["cluster"], found["out"]["cluster"]) == ("Lapsing", "Lapsing")


def test_who_is_churned_is_told_in_three_answers_and_in_two(client: Client) -> None:
    """The 90th day before is not more than 90 days before; who never paid is not churned."""
    found = rows(client, "customer_churn")
    told = {name: (found[name]["churn_status"], found[name]["is_churned"]) for name in (*PAID, "fifty")}
    assert told == {
        "ninety": ("Not Churned", 0),
        "ninety-one": ("Churned", 1),
        "fifty": ("No transaction", 0),
    }
    counts = rows(client, "churn_counts")
    assert {name: (row["is_churned"], row["customers"]) for name, row in counts.items()} == {
        "Churned": (1, 1),
        "Not Churned": (0, 1),
        "No transaction": (0, 10),
    }
    assert [(row["share"], row["revenue"]) for row in counts.values()] == [
        (Decimal("83.33"), 0),
        (Decimal("8.33"), 10),
        (Decimal("8.33"), 10),
    ]


def test_customers_of_great_value_are_named(client: Client) -> None:
    """By the masked name, as in customer_churn."""
    names = {name: row["masked_name"] for name, row in rows(client, "customer_churn").items()}
    assert None not in names.values()
    assert {name: row["masked_name"] for name, row in rows(client, "clv_proxy").items()} == names
