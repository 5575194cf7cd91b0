"""Calendar days in the business time zone, as numbers since 1970-01-01; moments in microseconds, UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mesh.kernel.errors import SettingsError

SECOND = 1_000_000
"""Microseconds."""
DAY = 86_400 * SECOND
"""Microseconds of a day without a change of the clocks."""
SLACK = 2 * DAY
"""More than any change of the clocks, a skipped day included."""

_EPOCH = date(1970, 1, 1)
_FIRST = (date.min - _EPOCH).days + 2
_LAST = (date.max - _EPOCH).days - 2
_EPOCH_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


class BusinessDays:
    """Days and their first moments in one time zone (an IANA name)."""

    def __init__(self, timezone: str) -> None:
        try:
            self._zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SettingsError(
                "setting-invalid",
                f"{timezone!r} is not a time zone",
                place="MESH_TIMEZONE",
                remedy="give an IANA name such as Europe/Berlin",
            ) from None
        self._starts: dict[int, int] = {}

    def day(self, moment: int) -> int:
        """The day that a moment is in."""
        utc_day = moment // DAY
        if (
            not _FIRST <= utc_day <= _LAST
        ):  # beyond what the calendar knows there are no changes of the clocks
            return utc_day
        return (datetime.fromtimestamp(moment // SECOND, self._zone).date() - _EPOCH).days

    def start(self, day: int) -> int:
        """The first moment of a day. Where midnight is skipped it is the moment of the skip."""
        if not _FIRST <= day <= _LAST:
            return day * DAY
        start = self._starts.get(day)
        if start is None:
            # fold=0: the first of a midnight that comes twice, and the skip for one that is skipped.
            midnight = datetime.combine(_EPOCH + timedelta(days=day), time(), self._zone)
            start = self._starts[day] = (midnight - _EPOCH_MOMENT) // timedelta(microseconds=1)
        return start
