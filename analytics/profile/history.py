"""Profiles kept in the warehouse, and the last one of each column."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from analytics.profile.bins import Bins
from analytics.profile.profile import Before
from analytics.quality.asking import ask

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.profile.profile import Profile
    from mesh.kernel.contract import Port

TABLE = "mesh.column_profiles_v1"
COLUMNS = (
    *("run", "profiled_at", "topic", "view", "name", "kind", "held", "missing", "distinct", "least"),
    *("greatest", "quantiles", "frequent", "histogram", "bins", "shares", "drift"),
)


def last(client: Client, port: Port) -> dict[str, Before]:
    """What the last profile of a port has left of each column that can drift."""
    rows = ask(
        client,
        port,
        f"SELECT name, toUnixTimestamp64Micro(profiled_at), bins, shares, missing FROM {TABLE} "
        f"WHERE topic = '{port.topic}' AND notEmpty(bins) ORDER BY profiled_at DESC, run LIMIT 1 BY name",
    )
    return {
        name: Before(moment(micros), Bins(tuple(bins), tuple(shares), missing))
        for name, micros, bins, shares, missing in rows
    }


def keep(client: Client, run: str, at: datetime, profiles: Iterable[Profile]) -> None:
    """Write down the profiles of a run as of a moment. The same run twice is one."""
    rows = [
        (
            run,
            at,
            one.topic,
            one.view,
            one.name,
            one.kind.value,
            one.rows,
            one.missing,
            one.distinct,
            one.least,
            one.greatest,
            list(one.quantiles),
            list(one.frequent),
            list(one.histogram),
            list(one.bins.marks) if one.bins else [],
            list(one.bins.counts) if one.bins else [],
            one.drift,
        )
        for one in profiles
    ]
    if rows:
        client.insert(TABLE, rows, column_names=list(COLUMNS))


def moment(micros: int) -> datetime:
    """A moment from microseconds since 1970."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
