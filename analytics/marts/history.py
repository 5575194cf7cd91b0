"""What was refreshed, when and up to where: one row a refresh, for people and for the next refresh."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from analytics.marts.marks import Marks
from analytics.marts.relation import DATABASE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLE = f"{DATABASE}.refreshes"
SET_UP = (
    f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic",
    f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    mart LowCardinality(String) COMMENT 'The mart, or a kept ground that marts read',
    number UInt64 COMMENT 'Number of the refresh of this mart, from 1',
    started_at DateTime64(6, 'UTC') COMMENT 'When it began; what landed later is not in it for sure',
    as_of Date32 COMMENT 'Last day of which anything is known, in the business time zone',
    timezone LowCardinality(String) COMMENT 'Business time zone',
    digest LowCardinality(String) COMMENT 'Changes with the definition of the mart and the time zone',
    rows_table LowCardinality(String) COMMENT 'Table that holds its rows',
    scope LowCardinality(String) COMMENT 'whole, customers, sums, or of a kept ground facts',
    customers UInt64 COMMENT 'Customers who were recomputed, where the scope is customers',
    facts UInt64 COMMENT 'Facts that were worked out anew, where the scope is sums or facts',
    recomputed UInt64 COMMENT 'Rows worked out',
    written UInt64 COMMENT 'Rows that are new or differ',
    gone UInt64 COMMENT 'Rows that are no longer there',
    total Nullable(UInt64) COMMENT 'Rows that the mart has since; null where that was not written down',
    marks String COMMENT 'How far each table had landed, as JSON'
) ENGINE = MergeTree ORDER BY (mart, number)
""",
    f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS facts UInt64 AFTER customers",
    f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS total Nullable(UInt64) AFTER gone",
)
"""Statements that make the database; each may run again."""


@dataclass(frozen=True)
class Refreshed:
    """One refresh of one mart, or of a kept ground."""

    mart: str
    number: int
    started_at: datetime
    as_of: date
    timezone: str
    digest: str
    rows_table: str
    scope: str
    customers: int
    facts: int
    recomputed: int
    written: int
    gone: int
    total: int | None
    """Rows that the mart has since: to count them again would read all of them."""
    marks: Marks


def last(client: Client) -> dict[str, Refreshed]:
    """The last refresh of each mart; of none where there is no such table yet."""
    if not client.query("EXISTS TABLE " + TABLE).result_rows[0][0]:
        return {}
    names = ", ".join(Refreshed.__dataclass_fields__)
    rows = client.query(f"SELECT {names} FROM {TABLE} ORDER BY number DESC LIMIT 1 BY mart").result_rows
    found = (dict(zip(Refreshed.__dataclass_fields__, row, strict=True)) for row in rows)
    return {one["mart"]: Refreshed(**{**one, "marks": _marks(one["marks"])}) for one in found}


def keep(client: Client, done: Refreshed) -> None:
    """Write a refresh down."""
    names = list(Refreshed.__dataclass_fields__)
    values = [getattr(done, name) for name in names[:-1]] + [json.dumps(done.marks)]
    client.insert(TABLE, [values], names)


def _marks(text: str) -> Marks:
    return {
        view: {int(partition): offset for partition, offset in marks.items()}
        for view, marks in json.loads(text).items()
    }
