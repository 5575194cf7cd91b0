"""How each customer buys as of the end of a week: what segments are made of.

Who somebody is (age, sex, income, home) takes no part, so that a segment says what a customer does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytics.marts.statement import SETTINGS, rows_of
from analytics.segments.week import Week

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """A number of each customer."""

    name: str
    meaning: str
    is_long: bool
    """Whether few customers have much of it, so that its logarithm is taken."""
    much: str
    """What a segment is called that has more of it than others."""
    little: str


FEATURES = (
    Feature("recency", "Days from the last order to the end of the week", True, "long gone", "just here"),
    Feature("frequency", "Orders of the last 365 days", True, "often", "seldom"),
    Feature("monetary", "Net of all that was kept, reporting currency", True, "dear", "cheap"),
    Feature("basket", "Units by order", True, "large baskets", "small baskets"),
    Feature("return_rate", "Share of last year's units that came back", False, "many returns", "few returns"),
    Feature("online_share", "Share of the orders that were placed online", False, "online", "in store"),
)
NAMES = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class Features:
    """Customers, by rising id, with a row each of :data:`FEATURES`."""

    week: Week
    customers: tuple[str, ...]
    values: Numbers
    """By customer and feature, in the feature's own unit."""

    @cached_property
    def prepared(self) -> Numbers:
        """The values with logarithms where few have much; what is below zero counts as zero there."""
        prepared = self.values.copy()
        for column, feature in enumerate(FEATURES):
            if feature.is_long:
                prepared[:, column] = np.log1p(np.maximum(prepared[:, column], 0))
        return prepared

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the week, the customers and every bit of their values."""
        found = sha256("\0".join([str(self.week), *NAMES, *self.customers]).encode())
        found.update(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        return found.hexdigest()


_QUERY = """
SELECT
    f.golden_id,
    dateDiff('day', b.last_day, {as_of:Date32}),
    f.orders_last_year,
    toFloat64(b.net_kept),
    b.units / b.orders,
    ifNull(toFloat64(f.return_rate_last_year), 0) / 100,
    b.online_orders / b.orders
FROM (
%s
) AS f INNER JOIN (
%s
) AS b ON b.golden_id = f.golden_id
ORDER BY f.golden_id
"""


def read_features(client: Client, library: Library, week: Week, timezone: str) -> Features:
    """The features of everybody who has ordered by the end of a week."""
    features = rows_of(library, "customer_features", "golden_id, orders_last_year, return_rate_last_year")
    bought = rows_of(library, "bought", "golden_id, last_day, net_kept, units, orders, online_orders")
    rows: Any = client.query(
        _QUERY % (features, bought),
        parameters={"as_of": week.sunday.isoformat(), "timezone": timezone},
        settings=SETTINGS,
    ).result_rows
    values = np.array([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), len(FEATURES))
    return Features(week, tuple(str(row[0]) for row in rows), values)


def medians(values: Numbers) -> dict[str, float]:
    """The median of each feature over some customers."""
    middle: Callable[..., Numbers] = np.median
    return dict(zip(NAMES, (float(one) for one in middle(values, axis=0)), strict=True))
