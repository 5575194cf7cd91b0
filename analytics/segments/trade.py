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
from analytics.segments.features import FEATURES, NAMES, REST, SHARE, UNITS, Features
from analytics.segments.mix import NO_KIND, Counts, Numbers, most_bought, shares
from analytics.segments.week import Week

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library

_YEAR = 365
_PARTS = 10_000
"""Amounts are whole numbers of so many parts of the reporting currency, so that sums are exact."""
_EPOCH = date(1970, 1, 1)
_LEAST_KINDS = 2
"""Kinds of goods without which there is no mix."""
_LINE = "golden_id, order_id, line_number, day, channel, units, net"
_KIND = f"coalesce(nullIf(product_subcategory, ''), product_category, '{NO_KIND}')"
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
            golden_id, order_id, kind, day AS ordered, day AS known,
            toInt64(row_number() OVER (PARTITION BY golden_id, order_id, day ORDER BY kind) = 1) AS orders,
            orders * toInt64(any(channel = 'Online')) AS online, toInt64(sum(lines.units)) AS units,
            toInt64(sum(net) * %d) AS net, 0 AS returned
        FROM lines
        GROUP BY golden_id, order_id, kind, day
        UNION ALL
        SELECT
            l.golden_id, l.order_id, '', l.day, greatest(r.day, l.day), 0, 0, 0,
            -toInt64(sum(r.amount) * %d), toInt64(sum(r.units))
        FROM returns AS r
        INNER JOIN lines AS l ON l.order_id = r.order_id AND l.line_number = r.line_number
        GROUP BY l.golden_id, l.order_id, l.day, greatest(r.day, l.day)
    )
SELECT
    f.golden_id,
    f.kind,
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
    kinds: tuple[str, ...]
    """Kinds of goods: subcategories, or categories of what is in none."""
    who: Counts
    """Place of the customer."""
    kind: Counts
    """Place of the kind of goods."""
    ordered: Counts
    """Day of the order."""
    known: Counts
    """Day from which on the row counts."""
    orders: Counts
    """1 on one of the rows of an order, and so is ``online``."""
    online: Counts
    units: Counts
    """Units ordered, also of what was cancelled since."""
    bought: Counts
    """Units of what was not cancelled."""
    net: Counts
    """What was kept, in parts of the reporting currency."""
    returned: Counts
    """Units that came back."""

    def features(self, week: Week, kinds: int) -> Features:
        """The features of everybody who has ordered by the end of a week, with so many shares at the most."""
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
        names, mix = self._mix(known, kinds)
        rows = np.column_stack([np.asarray(column, np.float64) for column in [*values, *mix]])[bought]
        return Features(week, tuple(self.customers[place] for place in bought), rows, (*NAMES, *names))

    def _mix(self, known: NDArray[np.bool_], most: int) -> tuple[list[str], list[Numbers]]:
        """Units by customer and the shares of kinds among them, with names; none where all is of one kind."""
        units = self.units[known].astype(np.float64)
        by_kind = np.bincount(self.kind[known], units, len(self.kinds)).astype(np.float64)
        own = most_bought(self.kinds, by_kind, most)
        column = np.array([-1 if kind == NO_KIND else len(own) for kind in self.kinds], np.int64)
        column[own] = np.arange(len(own))
        place = column[self.kind[known]]
        of = place >= 0
        width = len(own) + 1
        cells = self.who[known][of] * width + place[of]
        found = np.bincount(cells, units[of], len(self.customers) * width).astype(np.float64)
        bought = found.reshape(-1, width)
        names = [*(f"{SHARE}{self.kinds[kind]}" for kind in own), REST]
        if not bought[:, -1].any():
            names, bought = names[:-1], bought[:, :-1]
        if len(names) < _LEAST_KINDS:
            return [], []
        return [UNITS, *names], [bought.sum(axis=1), *shares(bought).T]

    def _sum(self, what: Counts, of: NDArray[np.bool_]) -> Numbers:
        """By customer; exact, since no sum is beyond what a float counts one by one."""
        weights = what[of].astype(np.float64)
        return np.bincount(self.who[of], weights, len(self.customers)).astype(np.float64)


def read_trade(client: Client, library: Library, until: date, timezone: str) -> Trade:
    """Everything that was ordered up to a day, with what became of it up to then."""
    lines = f"{rows_of(library, 'line', f'{_LINE}, {_KIND} AS kind')}\n"
    lines += "WHERE golden_id IS NOT NULL"
    returns = rows_of(library, "order_return", "order_id, line_number, day, units, amount")
    stream = client.query_column_block_stream(
        _QUERY % (lines, returns, _PARTS, _PARTS),
        parameters={"as_of": until.isoformat(), "timezone": timezone},
        settings=SETTINGS,
    )
    customers: dict[str, int] = {}
    kinds: dict[str, int] = {}
    blocks = [np.empty((10, 0), np.int64)]
    with stream:
        for golden, goods, *numbers in stream:
            who = [customers.setdefault(one, len(customers)) for one in golden]
            kind = [kinds.setdefault(one, len(kinds)) for one in goods]
            blocks.append(np.array([who, kind, *numbers], np.int64))
    return Trade(tuple(customers), tuple(kinds), *np.concatenate(blocks, axis=1))


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
