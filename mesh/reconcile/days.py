"""Days of the business time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def day(moment: str, timezone: str) -> pl.Expr:
    """The day of a column of moments (microseconds, UTC)."""
    return pl.col(moment).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(timezone).dt.date()


def day_of(moment: int, timezone: str) -> date:
    """The day of one moment."""
    return (_EPOCH + moment * _MICROSECOND).astimezone(ZoneInfo(timezone)).date()


def first_moments(days: pl.Series, timezone: str) -> pl.Series:
    """The first moment of each day in microseconds, UTC; where clocks skip midnight, the moment they do."""
    zone = ZoneInfo(timezone)
    # a midnight that is skipped is read with the offset before, which gives the moment of the skip;
    # one that comes twice is read as the first
    known = {
        one: (datetime.combine(one, time(), zone).astimezone(UTC) - _EPOCH) // _MICROSECOND
        for one in days.unique().drop_nulls().to_list()
    }
    return pl.Series([None if one is None else known[one] for one in days.to_list()], dtype=pl.Int64)
