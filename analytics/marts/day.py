"""The day as of which marts are worked out."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from analytics.semantic.sources import CLOCK
from mesh.kernel.errors import MartError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def span(client: Client, timezone: str) -> tuple[date, date]:
    """The business days of the first and of the newest fact; raises :class:`MartError` when there is none."""
    first, clock = client.query(
        f"SELECT toUnixTimestamp(first), toUnixTimestamp(clock) FROM {CLOCK}"
    ).result_rows[0]
    if not clock:
        raise MartError(
            "no-facts",
            "no order, payment, shipment or return has landed yet",
            remedy="publish some, with `mesh ingest` or `mesh simulate`",
        )
    zone = ZoneInfo(timezone)
    return datetime.fromtimestamp(first, zone).date(), datetime.fromtimestamp(clock, zone).date()


def parse_day(text: str) -> date:
    """The day that a text states; raises :class:`MartError` ``as-of-wrong``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MartError(
            "as-of-wrong", f"{text!r} is no day", place="--as-of", remedy="write it like 2014-06-30"
        ) from None
