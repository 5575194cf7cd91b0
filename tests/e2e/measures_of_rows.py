"""The measures of some rows: of orders, lines, products, customers, returns, contacts, counts of stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import polars as pl

from tests.e2e.adventureworks import Values, mean, money
from tests.e2e.landed import Row


def share(part: int, whole: int) -> Any:
    """A share in percent with four decimals; None of nothing."""
    return mean(100 * part, whole)


def of_orders(orders: list[Row]) -> Values:
    """Of orders with their shipments."""
    count = len(orders)
    delivered = [row for row in orders if row["status"] == "Delivered"]
    promised = [row for row in delivered if row["arrived_at"] and row["promised_at"]]
    in_time = [row for row in promised if row["arrived_at"] <= row["promised_at"]]
    days = [
        (row["arrived_at"].date() - row["ordered_at"].date()).days for row in delivered if row["arrived_at"]
    ]
    return {
        "total_orders": count,
        "total_discounted_amount": money(sum(row["discount"] for row in orders)),
        "total_shipping_amount": money(sum(row["shipping_amount"] for row in orders)),
        "total_order_amount": money(sum(row["total_amount"] for row in orders)),
        "ups_delivered_percentage": share(sum(row["carrier"] == "UPS" for row in delivered), count),
        "canceled_order_percentage": share(sum(row["status"] == "Cancelled" for row in orders), count),
        "delivered_order_percentage": share(len(delivered), count),
        "delivered_in_time_percentage": share(len(in_time), len(promised)),
        "average_delivery_days": mean(sum(days), len(days)),
    }


def of_lines(lines: pl.DataFrame) -> Values:
    """Of order lines; margin where the cost is known."""
    known = lines.filter(pl.col("cost").is_not_null())
    return {
        "total_units": int(lines["units"].sum() or 0),
        "net_sales": money(int(lines["net"].sum() or 0)),
        "total_margin": money(int(known["net"].sum() or 0) - int(known["cost"].sum() or 0)),
    }


def of_products(products: Iterable[Row]) -> Values:
    """Of products as they are described."""
    rows = list(products)
    prices = [row["list_price"] for row in rows if row["list_price"] is not None]
    costs = [row["unit_cost"] for row in rows if row["unit_cost"] is not None]
    margins = [
        row["list_price"] - row["unit_cost"]
        for row in rows
        if row["list_price"] is not None and row["unit_cost"] is not None
    ]
    return {
        "total_products": len(rows),
        "average_price": mean(sum(prices), len(prices)),
        "total_cost": sum(costs),
        "average_margin": mean(sum(margins), len(margins)),
    }


def of_customers(customers: Iterable[Row]) -> Values:
    """Of customers with their age."""
    rows = list(customers)
    ages = [row["age"] for row in rows if row["age"] is not None]
    return {"total_customers": len(rows), "average_age": mean(sum(ages), len(ages))}


def of_returns(returns: list[Row]) -> Values:
    """Of returns that were not withdrawn."""
    return {
        "total_returns": len(returns),
        "total_returned_units": sum(row["quantity"] for row in returns),
        "total_refunded_amount": money(sum(row["amount"] for row in returns)),
    }


def of_contacts(contacts: list[Row]) -> Values:
    """Of contacts made in campaigns."""
    outcomes = Counter(row["outcome"] for row in contacts)
    opened, clicked = outcomes["Opened"] + outcomes["Clicked"], outcomes["Clicked"]
    return {
        "total_contacts": len(contacts),
        "opened_contact_percentage": share(opened, len(contacts)),
        "clicked_contact_percentage": share(clicked, len(contacts)),
    }


def of_stock(stock: list[Row]) -> Values:
    """Of the newest counts."""
    watched = [row for row in stock if row["reorder_level"] is not None]
    low = [row for row in watched if row["on_hand"] < row["reorder_level"]]
    return {
        "stock_on_hand": sum(row["on_hand"] for row in stock),
        "stock_on_order": sum(row["on_order"] or 0 for row in stock),
        "low_stock_percentage": share(len(low), len(watched)),
    }
