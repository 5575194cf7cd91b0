"""The rows of a mart: as they stand, or worked out as of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from analytics.marts import closing, history
from analytics.marts.day import span
from analytics.marts.relation import Library, Mart
from analytics.marts.statement import SETTINGS, query
from mesh.kernel.errors import MartError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


@dataclass(frozen=True)
class Answer:
    """Rows in the order of the mart."""

    as_of: date
    refreshed_at: datetime | None
    """When they were worked out; None: just now."""
    rows: Sequence[Sequence[Any]]
    total: int
    """Rows there are, shown or not."""


def standing(client: Client, mart: Mart, limit: int | None) -> Answer:
    """The rows as of the last refresh; raises :class:`MartError` where there was none."""
    last = history.last(client).get(mart.name)
    if last is None:
        raise MartError(
            "mart-not-refreshed",
            "has never been worked out",
            place=mart.name,
            remedy=f"run `mesh marts refresh {mart.name}`, or ask with --as-of",
        )
    total = last.total
    if total is None:
        total = int(client.query(f"SELECT count() FROM {mart.view}").result_rows[0][0])
    names = ", ".join(column.name for column in mart.columns)
    rows = client.query(f"SELECT {names} FROM {mart.view}{_end(mart, limit)}").result_rows
    return Answer(last.as_of, last.started_at, rows, total)


def as_of(
    client: Client, library: Library, mart: Mart, day: date, timezone: str, limit: int | None
) -> Answer:
    """The rows as of a day, worked out from the facts; raises :class:`MartError` for a day before any."""
    first, _ = span(client, timezone)
    if day < first:
        raise MartError(
            "as-of-too-early",
            f"nothing had happened yet; the first fact is of {first}",
            place=f"--as-of {day}",
            remedy="name that day or a later one",
        )
    if closing.CLOSINGS in library.views(mart):
        closing.set_up(client)
    parameters = {"as_of": day.isoformat(), "timezone": timezone}
    sql = query(library, mart)
    rows = client.query(f"{sql}{_end(mart, None)}", parameters=parameters, settings=SETTINGS).result_rows
    return Answer(day, None, rows[:limit], len(rows))


def _end(mart: Mart, limit: int | None) -> str:
    order = ", ".join([*mart.header.order, *mart.header.key])
    return f" ORDER BY {order}" + (f" LIMIT {limit}" if limit is not None else "")
