"""What a prediction is made of: orders, contacts in campaigns, and who agreed to marketing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.marts.statement import SETTINGS, rows_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library

ORDERS = {
    "customer_id": pl.String, "order_id": pl.String, "day": pl.Date, "net": pl.Float64, "units": pl.Int64,
    "online": pl.Boolean, "promoted": pl.Boolean,
}  # fmt: skip
CONTACTS = {"campaign_id": pl.String, "customer_id": pl.String, "day": pl.Date}


@dataclass(frozen=True)
class Facts:
    """What is known, up to a day; frames are sorted by all of their columns."""

    orders: pl.DataFrame
    """A row an order of a customer, as :data:`ORDERS`; ``promoted`` is whether a promotion was used."""
    contacts: pl.DataFrame
    """A row a customer whom a campaign reached, as :data:`CONTACTS`."""
    agreed: frozenset[str]
    """Customers who agreed to marketing."""

    @property
    def first(self) -> date:
        """Day of the first order."""
        return self._day("min")

    @property
    def last(self) -> date:
        """Day of the newest order: who has ordered up to it is known, and no longer."""
        return self._day("max")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything."""
        found = sha256(self.orders.write_csv().encode())
        found.update(self.contacts.write_csv().encode())
        found.update("\n".join(sorted(self.agreed)).encode())
        return found.hexdigest()

    def until(self, day: date) -> Facts:
        """What was known of orders and contacts by the end of a day."""
        return Facts(
            self.orders.filter(pl.col("day") <= day),
            self.contacts.filter(pl.col("day") <= day),
            self.agreed,
        )

    def _day(self, which: str) -> date:
        found = getattr(self.orders["day"], which)()
        assert isinstance(found, date)
        return found


_ORDERS = """
SELECT
    assumeNotNull(golden_id), order_id, toDate(any(day)), toFloat64(sum(o.net)), toInt64(sum(o.units)),
    ifNull(any(channel) = 'Online', 0), max(promotion_id IS NOT NULL)
FROM (
%s
) AS o WHERE golden_id IS NOT NULL GROUP BY golden_id, order_id
"""


def read_facts(client: Client, library: Library, today: date, timezone: str) -> Facts:
    """Everything up to a day, by the marts' grounds. A cancelled order is one: it was a wish to buy."""
    at = {"as_of": today.isoformat(), "timezone": timezone}

    def rows(sql: str) -> Any:
        return client.query(sql, parameters=at, settings=SETTINGS).result_rows

    lines = rows_of(library, "line", "golden_id, order_id, day, net, units, channel, promotion_id")
    contacts = rows_of(library, "contact", "campaign_id, golden_id, toDate(min(day))")
    customers = rows_of(library, "customer", "golden_id")
    return Facts(
        _frame([(*row[:5], bool(row[5]), bool(row[6])) for row in rows(_ORDERS % lines)], ORDERS),
        _frame(
            rows(f"{contacts} WHERE outcome != 'Bounced' GROUP BY campaign_id, golden_id"),
            CONTACTS,
        ),
        frozenset(row[0] for row in rows(f"{customers} WHERE marketing_consent")),
    )


def _frame(rows: Any, schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row").sort(list(schema))
