"""What worth is made of: the days on which customers bought, and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.marts.statement import SETTINGS, rows_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library

Numbers = NDArray[np.float64]
COLUMNS = {"customer_id": pl.String, "day": pl.Date, "orders": pl.Int64, "net": pl.Float64}
YEAR = 365


@dataclass(frozen=True)
class Customers:
    """Everybody who had bought by a day, by rising id; what the models know of them."""

    ids: tuple[str, ...]
    repeats: Numbers
    """Days on which they bought after the first one."""
    last: Numbers
    """Days from the first purchase to the last one."""
    age: Numbers
    """Days from the first purchase to the day."""
    net: Numbers
    """Mean net of a day on which they bought, reporting currency."""
    proxy: Numbers
    """Net of a day, were it as in the last 365: mean net of an order times orders of these days."""

    def spent(self, purchases: Purchases) -> Numbers:
        """What each of them has spent in other purchases."""
        sums = dict(purchases.rows.group_by("customer_id").agg(pl.sum("net")).iter_rows())
        return np.array([sums.get(customer, 0.0) for customer in self.ids])


@dataclass(frozen=True)
class Purchases:
    """A row a customer and day, as :data:`COLUMNS`, sorted by both; cancelled orders are no orders here."""

    rows: pl.DataFrame

    @property
    def first(self) -> date:
        """Day of the first one."""
        found = self.rows["day"].min()
        assert isinstance(found, date)
        return found

    @property
    def last(self) -> date:
        """Day of the newest one."""
        found = self.rows["day"].max()
        assert isinstance(found, date)
        return found

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything."""
        return sha256(self.rows.write_csv().encode()).hexdigest()

    def between(self, after: date, until: date) -> Purchases:
        """Those later than one day, up to another."""
        return Purchases(self.rows.filter((pl.col("day") > after) & (pl.col("day") <= until)))

    def customers(self, day: date) -> Customers:
        """Who had bought by the end of a day; what came later is not looked at."""
        known = (
            self.rows.filter(pl.col("day") <= day)
            .group_by("customer_id")
            .agg(
                first=pl.col("day").min(),
                last=pl.col("day").max(),
                days=pl.len(),
                net=pl.col("net").sum(),
                orders=pl.col("orders").sum(),
                lately=pl.col("orders").filter(pl.col("day") > day - timedelta(YEAR)).sum(),
            )
            .sort("customer_id")
        )
        columns = known.select(
            pl.col("days") - 1.0,
            (pl.col("last") - pl.col("first")).dt.total_days(),
            (pl.lit(day) - pl.col("first")).dt.total_days(),
            net=pl.col("net") / pl.col("days"),
            proxy=pl.col("net") / pl.col("orders") * pl.col("lately") / YEAR,
        ).cast(pl.Float64)
        return Customers(tuple(known["customer_id"]), *(column.to_numpy() for column in columns))


def read_purchases(client: Client, library: Library, day: date, timezone: str) -> Purchases:
    """Everything up to the end of a day, by the marts' grounds."""
    columns = "assumeNotNull(golden_id), toDate(day), toInt64(uniqExact(order_id)), toFloat64(sum(line.net))"
    rows = client.query(
        rows_of(library, "line", columns)
        + " WHERE golden_id IS NOT NULL AND NOT is_cancelled GROUP BY golden_id, day",
        parameters={"as_of": day.isoformat(), "timezone": timezone},
        settings=SETTINGS,
    ).result_rows
    return Purchases(pl.DataFrame(list(rows), schema=COLUMNS, orient="row").sort("customer_id", "day"))
