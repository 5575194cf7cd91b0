"""Customers as of a day, by what was known then, and which of them were lost afterwards. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEATURES = {
    "recency": "Days since the last order, as a logarithm",
    "tenure": "Days since the first order, as a logarithm",
    "orders": "Orders so far, as a logarithm",
    "orders_last_year": "Orders of the last 365 days, as a logarithm",
    "orders_last_quarter": "Orders of the last 90 days, as a logarithm",
    "gap": "Mean days between orders, as a logarithm; of one order, the days since it",
    "overdue": "Days since the last order by that mean, as a logarithm",
    "bought_once": "Whether there was one order only",
    "basket": "Mean net of an order, reporting currency, as a logarithm",
    "units": "Mean units of an order, as a logarithm",
    "online_share": "Share of the orders that were placed online",
    "promoted_share": "Share of the orders that used a promotion",
}
"""What the model knows of a customer. Who somebody is takes no part."""


@dataclass(frozen=True)
class Snapshot:
    """The customers who are active on a day, by rising id."""

    day: date
    customers: tuple[str, ...]
    values: Numbers
    """By customer and :data:`FEATURES`."""
    days_since: Numbers
    """Days since the last order: what the rule of 90 days goes by."""


def snapshot(orders: pl.DataFrame, day: date, active: int) -> Snapshot:
    """Those whose last order up to the day is at most so many days old; later orders are not looked at."""

    def recent(days: int) -> pl.Expr:
        return (pl.col("day") > day - timedelta(days)).sum()

    known = (
        orders.filter(pl.col("day") <= day)
        .group_by("customer_id")
        .agg(
            first=pl.col("day").min(),
            last=pl.col("day").max(),
            orders=pl.len(),
            orders_last_year=recent(365),
            orders_last_quarter=recent(90),
            basket=pl.col("net").mean(),
            units=pl.col("units").mean(),
            online_share=pl.col("online").mean(),
            promoted_share=pl.col("promoted").mean(),
        )
        .with_columns(
            recency=(pl.lit(day) - pl.col("last")).dt.total_days(),
            tenure=(pl.lit(day) - pl.col("first")).dt.total_days(),
            bought_once=(pl.col("orders") == 1).cast(pl.Float64),
        )
        .filter(pl.col("recency") <= active)
        .with_columns(
            gap=pl.when(pl.col("orders") > 1)
            .then((pl.col("tenure") - pl.col("recency")) / (pl.col("orders") - 1))
            .otherwise(pl.col("recency"))
        )
        .with_columns(overdue=pl.col("recency") / (pl.col("gap") + 1))
        .sort("customer_id")
    )
    plain = ("bought_once", "online_share", "promoted_share")
    columns = [
        pl.col(name) if name in plain else pl.col(name).clip(0).log1p().alias(name) for name in FEATURES
    ]
    values = known.select(columns).cast(pl.Float64).to_numpy().reshape(known.height, len(FEATURES))
    return Snapshot(
        day, tuple(known["customer_id"].to_list()), values, known["recency"].cast(pl.Float64).to_numpy()
    )


def lost(orders: pl.DataFrame, seen: Snapshot, horizon: int) -> Flags:
    """Which customers of a snapshot placed no order in so many days after it."""
    after = orders.filter((pl.col("day") > seen.day) & (pl.col("day") <= seen.day + timedelta(horizon)))
    back = set(after["customer_id"].to_list())
    return np.array([customer not in back for customer in seen.customers], dtype=np.bool_)
