"""A reading as plain data, for programs."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from observability.dashboards.panel import Dashboard, Panel
from observability.dashboards.reading import Line, Reading


def document(dashboard: Dashboard, reading: Reading) -> dict[str, Any]:
    """Every panel with the present value of its lines, and the alerts; null where there is no value."""
    return {
        "dashboard": dashboard.name,
        "at": datetime.fromtimestamp(reading.span.end, UTC).isoformat(timespec="seconds"),
        "panels": [
            {
                "section": section.title,
                "title": panel.title,
                "unit": panel.unit.name.lower(),
                "lines": [_line(panel, line) for line in reading.lines[panel]],
            }
            for section in dashboard.sections
            for panel in section.panels
        ],
        "alerts": [
            {
                "name": alert.name,
                "state": alert.state,
                "severity": alert.severity,
                "domain": alert.domain,
                "owner": alert.owner,
                "since": alert.since.isoformat(),
                "summary": alert.summary,
            }
            for alert in reading.alerts
        ],
    }


def _line(panel: Panel, line: Line) -> dict[str, Any]:
    known = math.isfinite(line.last)
    return {
        "name": line.name,
        "value": line.last if known else None,
        "level": str(panel.thresholds.level(line.last)) if known and panel.thresholds else None,
    }
