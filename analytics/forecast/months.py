"""What a forecast is made of: net sales by month, orders that were cancelled left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analytics.marts.statement import SETTINGS, rows_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library

Numbers = NDArray[np.float64]


def later(month: date, months: int) -> date:
    """The first day of the month so many months later."""
    place = month.year * 12 + month.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


@dataclass(frozen=True)
class Months:
    """The whole months that are over, none left out."""

    first: date
    """First day of the first one."""
    sold: Numbers
    """Net by month, in the reporting currency."""

    def month(self, place: int) -> date:
        """The month at a place, or beyond the last one."""
        return later(self.first, place)

    @property
    def digest(self) -> str:
        """SHA-256 of everything."""
        return sha256(
            "\n".join([self.first.isoformat(), *map(repr, self.sold.tolist())]).encode()
        ).hexdigest()


def read_months(client: Client, library: Library, day: date, timezone: str) -> Months:
    """The months that were over at the end of a day, by the ground of the mart ``sales_forecast``."""
    rows = client.query(
        rows_of(library, "month_sold", "month, toFloat64(net)") + " ORDER BY month",
        parameters={"as_of": day.isoformat(), "timezone": timezone},
        settings=SETTINGS,
    ).result_rows
    first = rows[0][0] if rows else day.replace(day=1)
    return Months(first, np.array([net for _, net in rows], dtype=np.float64))
