"""Derived dimensions on the real engine: each value at its boundary equals what is worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from analytics.semantic.answer import answer
from analytics.semantic.question import ask
from tests.unit.analytics.semantic.world import MODEL, Row, empty_warehouse, fill

pytestmark = pytest.mark.real
ZONE = "Europe/Paris"
FREE, LOW, HIGH = "Free Shipping", "Low Cost Shipping", "High Cost Shipping"
SHIPPING = {
    # what it cost, in how many reporting currencies: what kind of shipping that is
    ("0", "1"): FREE,
    ("0.0001", "0.1"): FREE,  # a hundred-thousandth, which is no ten-thousandth
    ("0.0001", "1"): LOW,
    ("9.99", "1"): LOW,
    ("9.9999", "1"): LOW,
    ("10.5", "0.95"): LOW,  # 9.975
    ("9.9999", "1.00001"): HIGH,  # 9.99999999, which is 10.0000 in ten-thousandths
    ("10", "1"): HIGH,
    ("9.99", "1.1"): HIGH,
}
DISCOUNTS: dict[tuple[tuple[str, str], ...], tuple[bool, float | None]] = {
    # gross and net of each line: whether there is a discount, and of how many percent
    (): (False, None),
    (("0", "0"),): (False, None),
    (("100", "100"),): (False, 0),
    (("100", "99.9999"),): (True, 0),
    (("3", "2"),): (True, 33.33),
    (("3", "1"),): (True, 66.67),
    (("800", "799"),): (True, 0.13),  # 0.125, half away from zero
    (("800", "797"),): (True, 0.38),  # 0.375
    (("30", "20"), ("60", "60")): (True, 11.11),
    (("50", "0"), ("0", "0")): (True, 100),
}
ADDRESSES = {("Main Street 1", None): "Main Street 1", ("Main Street 1", "Bank 2"): "Main Street 1"}
ADDRESSES |= {(None, "Bank 2"): "Bank 2", (None, None): None}
PAID = {
    # moment in UTC: year, month and day in Paris
    "2023-12-31 22:59:59": (2023, "2023-12", date(2023, 12, 31)),
    "2023-12-31 23:00:00": (2024, "2024-01", date(2024, 1, 1)),
    "2024-02-29 12:00:00": (2024, "2024-02", date(2024, 2, 29)),
    "2024-06-30 21:59:59": (2024, "2024-06", date(2024, 6, 30)),
    "2024-06-30 22:00:00": (2024, "2024-07", date(2024, 7, 1)),
}
DELIVERED = {
    # paid and delivered, in UTC: days between these in Paris
    ("2024-03-01 22:59:59", "2024-03-01 23:00:00"): 1,
    ("2024-03-01 23:00:00", "2024-03-02 22:59:59"): 0,
    ("2024-02-28 12:00:00", "2024-03-01 08:00:00"): 2,
    ("2024-03-30 12:00:00", "2024-03-31 21:59:59"): 1,  # on the day that has 23 hours
    ("2024-03-05 12:00:00", "2024-03-02 12:00:00"): -3,  # paid after it had come
    ("2024-03-05 12:00:00", None): None,
}


def order(order_id: str, **values: Any) -> Row:
    """An order that has nothing but what is said."""
    return {
        "order_id": order_id,
        "account": "a1",
        "ordered_at": "2024-01-01 10:00:00",
        "occurred_at": "2024-01-01 10:00:00",
        "fx_rate": "1",
        "seq": 1,
        **values,
    }


def paid(transaction_id: str, order_id: str, moment: str) -> Row:
    """A payment."""
    return {
        "transaction_id": transaction_id,
        "order_id": order_id,
        "account": "a1",
        "transaction_at": moment,
        "occurred_at": moment,
        "amount": "1",
        "fx_rate": "1",
        "seq": 1,
    }


def shipped(order_id: str, part: int, delivered_at: str | None) -> Row:
    """A shipment of an order; the one with the greater part is the newer."""
    return {
        "fulfilment_id": f"{order_id}/{part}",
        "order_id": order_id,
        "updated_at": f"2024-07-0{part} 00:00:00",
        "occurred_at": "2024-07-01 00:00:00",
        "order_status": "Delivered" if delivered_at else "Shipped",
        "delivered_at": delivered_at,
        "seq": 1,
    }


def world() -> dict[str, list[Row]]:
    """An order or a payment for each boundary."""
    orders = [
        order(f"shipping{n}", shipping_amount=amount, fx_rate=fx) for n, (amount, fx) in enumerate(SHIPPING)
    ]
    for n, lines in enumerate(DISCOUNTS):
        sold = [
            {"line_number": place, "product_id": "p", "gross_amount": gross, "net_amount": net}
            for place, (gross, net) in enumerate(lines, 1)
        ]
        orders.append(order(f"discount{n}", lines=sold))
    orders += [
        order(f"address{n}", shipping_address=shipping, billing_address=billing)
        for n, (shipping, billing) in enumerate(ADDRESSES)
    ]
    payments = [paid(f"day{n}", "none", moment) for n, moment in enumerate(PAID)]
    shipments = []
    for n, (moment, delivered_at) in enumerate(DELIVERED):
        orders.append(order(f"delivery{n}"))
        payments.append(paid(f"delivery{n}", f"delivery{n}", moment))
        shipments += [
            shipped(f"delivery{n}", 1, "2024-05-05 12:00:00"),
            shipped(f"delivery{n}", 2, delivered_at),
        ]
    return {"sales.orders": orders, "sales.transactions": payments, "sales.fulfilments": shipments}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse with these few."""
    server = empty_warehouse(tmp_path_factory.mktemp("derived") / "path")
    try:
        opened = clickhouse_connect.get_client(port=server.port)
        fill(opened, world())
        yield opened
        opened.close()
    finally:
        server.stop()


def found(client: Client, key: str, kind: str, *dimensions: str) -> list[Any]:
    """The dimensions of each of a kind of orders or payments, in their order."""
    measure = "total_orders" if key == "order_id" else "total_transactions"
    question = ask(MODEL, [measure], [key, *dimensions], f"{key} like '{kind}%'")
    rows = {row[0]: row[1:] for row in answer(client, MODEL, question, ZONE).rows}
    assert {row[-1] for row in rows.values()} == {1}
    told = [rows[f"{kind}{n}"][:-1] for n in range(len(rows))]
    return [row[0] for row in told] if len(dimensions) == 1 else [tuple(row) for row in told]


def test_shipping_is_free_cheap_or_dear(client: Client) -> None:
    """By what it cost in the reporting currency; ten are dear, a ten-thousandth less is not."""
    assert found(client, "order_id", "shipping", "shipping_cost_category") == list(SHIPPING.values())


def test_a_discount_is_told_with_its_percentage(client: Client) -> None:
    """Of all lines; of an order that cost nothing there is no percentage."""
    assert found(client, "order_id", "discount", "discount_applied", "discount_percentage") == list(
        DISCOUNTS.values()
    )


def test_the_address_is_that_of_shipping_or_else_of_the_bill(client: Client) -> None:
    """Masked in an answer, as the addresses that it is made of; in clear for those who may see these."""
    shown = ["•••" if address else None for address in ADDRESSES.values()]
    assert found(client, "order_id", "address", "full_address") == shown
    expression = MODEL.dimension("full_address").dimension.expression
    sql = expression.format(shipping_address="shipping_address", billing_address="billing_address")
    clear = client.query(
        f"SELECT {sql} FROM sales.orders_clear WHERE order_id LIKE 'address%' ORDER BY order_id"
    )
    assert [row[0] for row in clear.result_rows] == list(ADDRESSES.values())


def test_a_payment_is_of_the_day_of_the_business(client: Client) -> None:
    """And of its month and year: where the business is, not where the clocks show UTC."""
    names = ("transaction_year", "transaction_month", "transaction_day")
    assert found(client, "transaction_id", "day", *names) == list(PAID.values())


def test_a_delivery_takes_the_days_from_the_payment_to_it(client: Client) -> None:
    """Days of the calendar, of the newest shipment; nothing of what has not come."""
    assert found(client, "transaction_id", "delivery", "order_delivery_duration") == list(DELIVERED.values())
