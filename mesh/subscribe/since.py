"""Moments as people type them: ``10m`` ago, or a point in time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from mesh.kernel.errors import SubscribeError

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def since(text: str, now: datetime) -> datetime:
    """The moment that a text means; without a zone it is UTC.

    Raises :class:`SubscribeError` ``since-invalid``.
    """
    try:
        if match := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):  # before the year 1
        raise SubscribeError(
            "since-invalid",
            "is no moment",
            place=text,
            remedy="write 45s, 15m, 2h or 3d for so long ago, or 2024-05-01T17:30Z",
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
