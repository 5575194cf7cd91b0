"""Readings made up for pictures: every line of a dashboard, as a mesh at work would have it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from observability.dashboards.panel import Dashboard, Unit
from observability.dashboards.reading import POINTS, Alert, Line, Reading, Span

NOW = datetime(2026, 11, 28, 3, 10, tzinfo=UTC)
SPAN = Span(NOW.timestamp(), 900)
_TOP = {Unit.SECONDS: 1.5, Unit.BYTES: 300 << 20, Unit.SHARE: 1.0, Unit.CORES: 0.4}


def reading(dashboard: Dashboard, *, lines: int = 3, alerts: int = 0) -> Reading:
    """Waves of different heights, nothing for the first tenth; an alert a minute."""
    found = {
        panel: tuple(
            Line(f"{panel.title[:9]}-{number}", wave(_TOP.get(panel.unit, 1_800) * (1 - number / 9)))
            for number in range(lines)
        )
        for panel in dashboard.panels
    }
    return Reading(SPAN, found, tuple(alert(number) for number in range(alerts)))


def wave(top: float) -> tuple[float, ...]:
    """A course between a tenth of ``top`` and ``top``."""
    return tuple(
        math.nan if place < POINTS / 10 else top * (0.55 + 0.45 * math.sin(place / 9))
        for place in range(POINTS)
    )


def alert(number: int) -> Alert:
    """A page that has fired for so many minutes and one."""
    return Alert(
        name=f"SalesOrdersEnriched{'Stale' * (number + 1)}",
        state="firing",
        severity="page",
        domain="sales",
        owner="sales@retail.example",
        since=NOW - timedelta(minutes=number + 1),
        summary="Rows of sales.orders_enriched are older than promised: 83 s, not 60 s, " * 3,
        labels={},
    )
