"""Closes a month: what is known of it is kept for good, so that later corrections show as adjustments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from analytics.marts.day import span
from analytics.marts.relation import DATABASE, Library
from analytics.marts.statement import SETTINGS, rows_of
from mesh.kernel.errors import MartError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

CLOSINGS = f"{DATABASE}.closings"
POSTINGS = f"{DATABASE}.closed_postings"
MARTS = ("closed_periods", "period_adjustments")
"""The marts that tell of closed months."""
GROUND = "posting"
_COLUMNS = (
    "month, kind, id, order_id, product_id, units, net, cost, cancelled_net, "
    "returned_units, returned_amount, revenue"
)
SET_UP = (
    f"""
CREATE TABLE IF NOT EXISTS {CLOSINGS} (
    month Date COMMENT 'First day of the month',
    number Int64 COMMENT 'Number of the closing, from 1',
    closed_at DateTime64(6, 'UTC') COMMENT 'When it was closed',
    closed_by String COMMENT 'Who closed it, user@host',
    timezone LowCardinality(String) COMMENT 'Business time zone',
    postings UInt64 COMMENT 'Order lines, payments and returns that were kept',
    _partition Int32 ALIAS 0,
    _offset Int64 ALIAS number
) ENGINE = MergeTree ORDER BY month
""",
    f"""
CREATE TABLE IF NOT EXISTS {POSTINGS} (
    month Date COMMENT 'First day of the month',
    number Int64 COMMENT 'Number of the closing',
    kind LowCardinality(String) COMMENT 'line, payment or return',
    id String COMMENT 'Order and line number, payment or return',
    order_id String COMMENT 'Its order',
    product_id Nullable(String) COMMENT 'Product of a line',
    units Int64 COMMENT 'Units ordered',
    net Decimal(38, 4) COMMENT 'Net amount of the line, reporting currency',
    cost Decimal(38, 4) COMMENT 'Cost of the line, where it is known, reporting currency',
    cancelled_net Decimal(38, 4) COMMENT 'Net amount, if the order is cancelled',
    returned_units Int64 COMMENT 'Units that came back',
    returned_amount Decimal(38, 4) COMMENT 'What was refunded, reporting currency',
    revenue Decimal(38, 4) COMMENT 'What was paid, reporting currency',
    _partition Int32 ALIAS 0,
    _offset Int64 ALIAS number
) ENGINE = MergeTree ORDER BY (month, kind, id)
""",
)
"""Statements that make the tables; each may run again. A mart knows by the closing's number what is new."""


def set_up(client: Client) -> None:
    """Make the tables where they are missing."""
    for statement in (f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic", *SET_UP):
        client.command(statement)


@dataclass(frozen=True)
class Closed:
    """A month that was closed just now."""

    month: date
    number: int
    postings: int


def parse_month(text: str) -> date:
    """The first day of a month such as 2026-10; raises :class:`MartError` ``month-wrong``."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise MartError("month-wrong", f"{text!r} is no month", remedy="write it like 2026-10")
    return date.fromisoformat(f"{text}-01")


def close(client: Client, library: Library, month: date, timezone: str, *, who: str, now: datetime) -> Closed:
    """Keep what is known of a month; raises :class:`MartError` where it is closed, open or before all."""
    name = f"{month:%Y-%m}"
    set_up(client)
    first, today = span(client, timezone)
    after = (month + timedelta(days=32)).replace(day=1)
    if today < after:
        raise MartError(
            "month-open",
            f"is not over; the newest fact is of {today}",
            place=name,
            remedy=f"close it from {after} on, or an earlier month",
        )
    if after <= first:
        raise MartError(
            "month-empty",
            f"is before all facts; the first is of {first}",
            place=name,
            remedy=f"the first month to close is {first:%Y-%m}",
        )
    closings = client.query(f"SELECT month, number, closed_at, closed_by FROM {CLOSINGS}").result_rows
    for closed, _, closed_at, closed_by in closings:
        if closed == month:
            raise MartError(
                "month-closed",
                f"was closed at {closed_at:%Y-%m-%d %H:%M} UTC by {closed_by}",
                place=name,
                remedy="what came later shows in `mesh mart period_adjustments`",
            )
    kept = client.query(f"SELECT max(number) FROM {POSTINGS}").result_rows[0][0]
    number = max([kept, *(row[1] for row in closings)], default=0) + 1
    client.command(
        f"INSERT INTO {POSTINGS} (number, {_COLUMNS}) SELECT {number}, {_COLUMNS} FROM "
        f"({rows_of(library, GROUND, _COLUMNS)}) WHERE month = {{month:Date}}",
        parameters={"as_of": today.isoformat(), "timezone": timezone, "month": month.isoformat()},
        settings=SETTINGS,
    )
    postings = int(client.query(f"SELECT count() FROM {POSTINGS} WHERE number = {number}").result_rows[0][0])
    client.insert(
        CLOSINGS,
        [[month, number, now, who, timezone, postings]],
        ["month", "number", "closed_at", "closed_by", "timezone", "postings"],
    )
    return Closed(month, number, postings)
