"""What Prometheus answered to the panels of a dashboard at one moment."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from observability.dashboards.panel import Panel, Query

POINTS = 120
"""Points of a line: two cells' worth for the widest picture, and cheap for Prometheus."""
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Span:
    """The moments at which lines have a point: ``POINTS`` of them, evenly, the last one at ``end``.

    Seconds since 1970.
    """

    end: float
    seconds: float

    @property
    def step(self) -> float:
        """Seconds between two points."""
        return self.seconds / (POINTS - 1)

    @property
    def start(self) -> float:
        """The first moment."""
        return self.end - self.seconds


@dataclass(frozen=True)
class Line:
    """One series of a panel: a value for each moment of the span, NaN where there is none."""

    name: str
    values: tuple[float, ...]

    @property
    def last(self) -> float:
        """The value now; NaN where there is none."""
        return self.values[-1]

    @property
    def highest(self) -> float:
        """The greatest value of the span; NaN where there is none."""
        return max((value for value in self.values if math.isfinite(value)), default=math.nan)


@dataclass(frozen=True)
class Alert:
    """An alert that fires, or is about to."""

    name: str
    state: str
    """firing or pending."""
    severity: str
    domain: str
    owner: str
    since: datetime
    summary: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Reading:
    """The lines of each panel and the alerts, as they were at the end of the span."""

    span: Span
    lines: Mapping[Panel, tuple[Line, ...]]
    alerts: tuple[Alert, ...] = field(default=())


def lines(query: Query, result: Sequence[Mapping[str, Any]], span: Span) -> list[Line]:
    """The lines of a range query's matrix, named by the query's legend, in order of their names."""
    found = [Line(_named(query, series["metric"]), _values(series["values"], span)) for series in result]
    return sorted(found, key=lambda line: line.name)


def alerts(answer: Sequence[Mapping[str, Any]], matchers: str) -> tuple[Alert, ...]:
    """The alerts that a dashboard shows, the worst first; the watchdog, which always fires, is none.

    ``matchers`` are equalities of labels, as a dashboard states them.
    """
    wanted = dict(re.findall(r'(\w+)="([^"]*)"', matchers))
    found = [
        Alert(
            name=labels["alertname"],
            state=alert["state"],
            severity=labels.get("severity", ""),
            domain=labels.get("domain", ""),
            owner=labels.get("owner", ""),
            since=datetime.fromisoformat(re.sub(r"\.\d+", "", alert["activeAt"])),
            summary=alert["annotations"].get("summary", ""),
            labels=labels,
        )
        for alert in answer
        if (labels := alert["labels"]).get("type") != "watchdog"
        and all(labels.get(name) == value for name, value in wanted.items())
    ]
    return tuple(
        sorted(found, key=lambda alert: (alert.state != "firing", alert.severity != "page", alert.since))
    )


def _named(query: Query, labels: Mapping[str, str]) -> str:
    return _LABEL.sub(lambda found: labels.get(found[1], "–"), query.legend).strip()


def _values(points: Sequence[tuple[float, str]], span: Span) -> tuple[float, ...]:
    values = [math.nan] * POINTS
    for moment, value in points:
        place = round((float(moment) - span.start) / span.step)
        if 0 <= place < POINTS:
            values[place] = float(value)
    return tuple(values)
