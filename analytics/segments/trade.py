"""What customers ordered, cancelled and sent back, read once, so that features are had as of any week.

Each fact counts from its own day on: a return from the day it came back, a cancellation from the day the
order was cancelled. So a week's features are the same in the week after and years later, as long as no fact
of its days comes late and no customer becomes another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analytics.marts.statement import SETTINGS, rows_of
from analytics.segments.features import FEATURES, Features, Numbers
from analytics.segments.week import Week

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library

Counts = NDArray[np.int64]
_YEAR = 365
_PARTS = 10_000
"""Amounts are whole numbers of so many parts of the reporting currency, so that sums are exact."""
_EPOCH = date(1970, 1, 1)
_QUERY = """
WITH
    lines AS (
%s
    ),
    returns AS (
%s
    ),
    changes AS (
        SELECT order_id, groupArray((day, toInt64(was) - toInt64(now))) AS steps
        FROM (
            SELECT
                order_id,
                toDate32(toTimeZone(updated_at, {timezone:String})) AS day,
                order_status = 'Cancelled' AS now,
                lagInFrame(order_status = 'Cancelled', 1, 0) OVER (
                    PARTITION BY order_id ORDER BY updated_at, fulfilment_id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ) AS was
            FROM sales.fulfilments
            WHERE order_id IN (SELECT order_id FROM sales.fulfilments WHERE order_status = 'Cancelled')
        )
        WHERE was != now
        GROUP BY order_id
    ),
    facts AS (
        SELECT
            golden_id, order_id, day AS ordered, day AS known, 1 AS orders,
            toInt64(any(channel = 'Online')) AS online, toInt64(sum(lines.units)) AS units,
            toInt64(sum(net) * %d) AS net, 0 AS returned
        FROM lines
        GROUP BY golden_id, order_id, day
        UNION ALL
        SELECT
            l.golden_id, l.order_id, l.day, greatest(r.day, l.day), 0, 0, 0,
            -toInt64(sum(r.amount) * %d), toInt64(sum(r.units))
        FROM returns AS r
        INNER JOIN lines AS l ON l.order_id = r.order_id AND l.line_number = r.line_number
        GROUP BY l.golden_id, l.order_id, l.day, greatest(r.day, l.day)
    )
SELECT
    f.golden_id,
    toInt64(toInt32(f.ordered)),
    toInt64(toInt32(greatest(f.known, step.1))),
    toInt64(f.orders * is_fact), toInt64(f.online * is_fact), toInt64(f.units * is_fact),
    toInt64(f.units * step.2), toInt64(f.net * step.2), toInt64(f.returned * step.2)
FROM facts AS f
LEFT JOIN changes AS c ON c.order_id = f.order_id
ARRAY JOIN
    arrayConcat([(f.known, toInt64(1))], c.steps) AS step,
    arrayMap(place -> place = 1, arrayEnumerate(arrayConcat([(f.known, toInt64(1))], c.steps))) AS is_fact
ORDER BY f.golden_id
"""


@dataclass(frozen=True)
class Trade:
    """Orders, what came back of them, and what a cancellation took away or gave again, in rows that add up.

    Days are counted from 1970.
    """

    customers: tuple[str, ...]
    """Golden ids, rising."""
    who: Counts
    """Place of the customer."""
    ordered: Counts
    """Day of the order."""
    known: Counts
    """Day from which on the row counts."""
    orders: Counts
    online: Counts
    units: Counts
    """Units ordered, also of what was cancelled since."""
    bought: Counts
    """Units of what was not cancelled."""
    net: Counts
    """What was kept, in parts of the reporting currency."""
    returned: Counts
    """Units that came back."""

    def features(self, week: Week) -> Features:
        """The features of everybody who has ordered by the end of a week."""
        sunday = _day(week.sunday)
        known = self.known <= sunday
        last_year = known & (self.ordered > sunday - _YEAR)
        newest = np.full(len(self.customers), -1, np.int64)
        np.maximum.at(newest, self.who[known], self.ordered[known])
        orders = self._sum(self.orders, known)
        values: list[Counts | Numbers] = [
            sunday - newest,
            self._sum(self.orders, last_year),
            self._sum(self.net, known) / _PARTS,
            self._sum(self.units, known) / np.maximum(orders, 1),
            self._sum(self.returned, last_year) / np.maximum(self._sum(self.bought, last_year), 1),
            self._sum(self.online, known) / np.maximum(orders, 1),
        ]
        bought = np.flatnonzero(orders)
        assert len(values) == len(FEATURES)
        rows = np.column_stack([np.asarray(column, np.float64) for column in values])[bought]
        return Features(week, tuple(self.customers[place] for place in bought), rows)

    def _sum(self, what: Counts, of: NDArray[np.bool_]) -> Numbers:
        """By customer; exact, since no sum is beyond what a float counts one by one."""
        weights = what[of].astype(np.float64)
        return np.bincount(self.who[of], weights, len(self.customers)).astype(np.float64)


def read_trade(client: Client, library: Library, until: date, timezone: str) -> Trade:
    """Everything that was ordered up to a day, with what became of it up to then."""
    lines = f"{rows_of(library, 'line', 'golden_id, order_id, line_number, day, channel, units, net')}\n"
    lines += "WHERE golden_id IS NOT NULL"
    returns = rows_of(library, "order_return", "order_id, line_number, day, units, amount")
    stream = client.query_column_block_stream(
        _QUERY % (lines, returns, _PARTS, _PARTS),
        parameters={"as_of": until.isoformat(), "timezone": timezone},
        settings=SETTINGS,
    )
    customers: dict[str, int] = {}
    blocks = [np.empty((9, 0), np.int64)]
    with stream:
        for golden, *numbers in stream:
            who = [customers.setdefault(one, len(customers)) for one in golden]
            blocks.append(np.array([who, *numbers], np.int64))
    return Trade(tuple(customers), *np.concatenate(blocks, axis=1))


def landing(client: Client, timezone: str, seconds: float) -> set[Week]:
    """The weeks of which facts have landed within the last seconds, so that more may be on their way."""
    moments = (
        ("sales.orders_enriched", "ordered_at"),
        ("sales.fulfilments", "updated_at"),
        ("sales.returns", "returned_at"),
    )
    parts = " UNION DISTINCT ".join(
        f"SELECT toMonday(toDate32(toTimeZone({moment}, {{timezone:String}}))) AS monday FROM {view} "
        "WHERE _landed_at > now64(6) - toIntervalMillisecond({milliseconds:UInt64})"
        for view, moment in moments
    )
    asked = {"timezone": timezone, "milliseconds": round(seconds * 1000)}
    return {Week(monday) for (monday,) in client.query(parts, parameters=asked).result_rows}


def _day(day: date) -> int:
    return (day - _EPOCH).days
