"""A made-up shop of two years: who leaves it buys as often as others, and stops."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import polars as pl

from analytics.churn.facts import CONTACTS, ORDERS, Facts

OPENED = date(2022, 1, 1)
Order = tuple[str, int]
"""A customer, and the day of an order after the opening."""


def facts(
    orders: Iterable[Order],
    contacts: Iterable[tuple[str, str, int]] = (),
    agreed: Iterable[str] = (),
    promoted: Iterable[Order] = (),
) -> Facts:
    """Facts from days after the opening; an order is of one unit for 50, in store."""
    of_promotion = set(promoted)
    rows = [
        (who, f"{who}/{day}", OPENED + timedelta(day), 50.0, 1, False, (who, day) in of_promotion)
        for who, day in orders
    ]
    reached = [(campaign, who, OPENED + timedelta(day)) for campaign, who, day in contacts]
    return Facts(
        pl.DataFrame(rows, schema=ORDERS, orient="row").sort(list(ORDERS)),
        pl.DataFrame(reached, schema=CONTACTS, orient="row").sort(list(CONTACTS)),
        frozenset(agreed),
    )


def shop(customers: int = 300, days: int = 700, seed: int = 1) -> list[Order]:
    """Regulars come every ten days or so and stay; the others come once or twice and are not seen again."""
    chance = np.random.default_rng(seed)
    orders: list[Order] = []
    for number in range(customers):
        day, stays = float(chance.integers(0, days)), number % 3 == 0
        visits = 10_000 if stays else int(chance.integers(1, 3))
        while day < days and visits:
            orders.append((f"c{number:04}", int(day)))
            day += float(chance.uniform(5, 15)) if stays else float(chance.uniform(20, 40))
            visits -= 1
    return orders
