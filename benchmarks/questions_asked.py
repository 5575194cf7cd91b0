"""The questions that people ask while they work, each through the code of the command that asks it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from analytics.marts.asking import standing
from analytics.semantic.answer import answer
from analytics.semantic.kept_log import fresh
from analytics.semantic.pieces import kept_tables
from analytics.semantic.question import ask
from mesh.kernel.clock import now

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library
    from analytics.semantic.model import Model
    from benchmarks.questions_base import Base

TIMEZONE = "UTC"
_SHOWN = 100
"""Rows of a mart that a person looks at."""
MEASURED = {
    "revenue by month and channel": (
        "total_revenue total_transactions",
        "transaction_month channel_type",
        "",
    ),
    "orders by month and channel": (
        "total_orders total_order_amount canceled_order_percentage",
        "order_month channel_type",
        "",
    ),
    "sales by category": ("net_sales total_units total_margin", "product_category", ""),
    "revenue by category": ("total_revenue", "product_category", ""),
    "revenue by country": ("total_revenue average_transaction_amount", "country", ""),
    "revenue of one country by month": ("total_revenue", "transaction_month", "country = 'Country {}'"),
    "delivery by carrier": (
        "delivered_in_time_percentage average_delivery_days ups_delivered_percentage",
        "shipping_method",
        "",
    ),
    "returns by reason": ("total_returns total_refunded_amount", "return_reason", ""),
    "customers by age group": ("total_customers average_age", "age_group", ""),
    "revenue, orders and margin": ("total_revenue total_orders total_margin", "", ""),
}
"""Measures, dimensions and condition of questions to the semantic model."""
_ORDER = "SELECT * FROM sales.orders_enriched WHERE order_id = {order:String}"
_CUSTOMER = "SELECT * FROM customer.customers WHERE account = {account:String}"


@dataclass(frozen=True)
class Asked:
    """A question by its name: asks a warehouse, with whatever differs each time drawn by chance."""

    name: str
    kind: str
    """model, mart or look-up."""
    ask: Callable[[Client, random.Random], int]
    """The number of rows of the answer."""


def questions(model: Model, library: Library, base: Base, within: float = 0) -> Iterator[Asked]:
    """All of them. Kept measures may be ``within`` seconds behind."""
    tables = kept_tables(model, TIMEZONE) if within else {}
    for name, (measures, by, where) in MEASURED.items():
        yield Asked(name, "model", _measured(model, (measures.split(), by.split(), where), tables, within))
    for name in library.marts:
        yield Asked(name, "mart", _mart(library, name))
    yield Asked("one order", "look-up", _order(base))
    yield Asked("one customer", "look-up", _customer(base))


def _measured(
    model: Model, words: tuple[list[str], list[str], str], tables: dict[str, str], within: float
) -> Callable[..., int]:
    measures, by, where = words

    def asked(client: Client, chance: random.Random) -> int:
        question = ask(model, measures, by, where.format(chance.randrange(20)))
        usable = fresh(client, tables, now() - timedelta(seconds=within)) if tables else {}
        return len(answer(client, model, question, TIMEZONE, usable).rows)

    return asked


def _mart(library: Library, name: str) -> Callable[..., int]:
    def asked(client: Client, chance: random.Random) -> int:
        del chance
        return len(standing(client, library.mart(name), _SHOWN).rows)

    return asked


def _order(base: Base) -> Callable[..., int]:
    def asked(client: Client, chance: random.Random) -> int:
        order = f"bench:{chance.randrange(base.orders):09}"
        return len(client.query(_ORDER, {"order": order}).result_rows)

    return asked


def _customer(base: Base) -> Callable[..., int]:
    def asked(client: Client, chance: random.Random) -> int:
        account = f"bench:c{chance.randrange(base.customers)}"
        return len(client.query(_CUSTOMER, {"account": account}).result_rows)

    return asked
