"""The only place that reads the machine's clock; everything else takes time as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def now_seconds() -> float:
    """The present moment in seconds since 1970-01-01 UTC."""
    return time.time()
