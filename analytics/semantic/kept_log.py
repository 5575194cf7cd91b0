"""What of kept measures was refreshed, when and up to where: how old an answer would be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.marts.marks import Marks

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLE = "model.kept_refreshes"
SET_UP = (
    "CREATE DATABASE IF NOT EXISTS model ENGINE = Atomic",
    f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    name String COMMENT 'The table of the kept measures',
    started_at DateTime64(6, 'UTC') COMMENT 'When it began; what landed later is not in it for sure',
    clock DateTime64(6, 'UTC') COMMENT 'Clock of the mesh then',
    pieces UInt32 COMMENT 'Pieces that were worked out',
    marks String COMMENT 'How far each table had landed, as JSON'
) ENGINE = MergeTree ORDER BY (name, started_at) TTL toDateTime(started_at) + INTERVAL 30 DAY
""",
)
"""Statements that make the table; each may run again."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One refresh of one table."""

    name: str
    started_at: datetime
    clock: datetime
    pieces: int
    marks: Marks


def refreshes(client: Client) -> dict[str, Refreshed]:
    """The last refresh of each table; of none where nothing was ever refreshed."""
    names = ", ".join(Refreshed.__dataclass_fields__)
    last = f"SELECT name, max(started_at) FROM {TABLE} GROUP BY name"
    newest = f"SELECT {names} FROM {TABLE} WHERE (name, started_at) IN ({last}) LIMIT 1 BY name"
    try:
        rows = client.query(newest).result_rows
    except ClickHouseError as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            return {}
        raise
    return {
        name: Refreshed(name, _utc(started), _utc(clock), pieces, _marks(marks))
        for name, started, clock, pieces, marks in rows
    }


def keep(client: Client, done: Refreshed) -> None:
    """Write a refresh down."""
    row = [done.name, done.started_at, done.clock, done.pieces, json.dumps(done.marks)]
    client.insert(TABLE, [row], list(Refreshed.__dataclass_fields__))


def fresh(client: Client, tables: Mapping[str, str], since: datetime) -> dict[str, str]:
    """Of tables by the names of their definitions, those that have all that had landed by then."""
    found = refreshes(client)
    return {
        kept: table for kept, table in tables.items() if table in found and found[table].started_at >= since
    }


def _marks(text: str) -> Marks:
    return {
        view: {int(partition): offset for partition, offset in marks.items()}
        for view, marks in json.loads(text).items()
    }


def _utc(value: datetime) -> datetime:
    """A moment that says that it is in UTC, as all are."""
    return value.replace(tzinfo=UTC)
