"""Prometheus' answers as lines and alerts."""

from __future__ import annotations

import math
from typing import Any

from observability.dashboards.panel import Query
from observability.dashboards.reading import POINTS, Span, alerts, lines

SPAN = Span(end=1_000.0, seconds=119.0)


def fired(name: str, state: str = "firing", minute: int = 5, **labels: str) -> dict[str, Any]:
    """An alert as Prometheus tells it."""
    return {
        "labels": {"alertname": name, **labels},
        "annotations": {"summary": f"{name} it is"},
        "state": state,
        "activeAt": f"2026-11-28T03:{minute:02}:00.123456789Z",
        "value": "1e+00",
    }


def test_lines_are_named_by_the_legend_and_lie_on_the_spans_moments() -> None:
    """A missing sample is a gap at its place."""
    result = [
        {"metric": {"app": "sink", "le": "5"}, "values": [[999.0, "2"], [1_000.0, "3"]]},
        {"metric": {"app": "pager"}, "values": [[881.0, "7.5"], [882.4, "NaN"]]},
    ]
    pager, sink = lines(Query("x", "{{app}} {{ le }}"), result, SPAN)
    assert (pager.name, sink.name) == ("pager –", "sink 5")
    assert (sink.values[-2:], sink.last, sink.highest) == ((2.0, 3.0), 3.0, 3.0)
    assert pager.values[0] == 7.5
    assert math.isnan(pager.last)
    assert len(pager.values) == POINTS


def test_a_line_without_values_has_no_highest() -> None:
    """It is a gap from end to end."""
    (line,) = lines(Query("x", "a"), [{"metric": {}, "values": []}], SPAN)
    assert math.isnan(line.highest)


def test_the_worst_alert_comes_first_and_the_watchdog_is_none() -> None:
    """Firing before pending, pages before tickets, the older first."""
    answer = [
        fired("Late", severity="page", minute=9),
        fired("Waiting", "pending", severity="page"),
        fired("Watchdog", severity="page", type="watchdog"),
        fired("Ticket", severity="ticket"),
        fired("Early", severity="page", minute=1),
    ]
    assert [alert.name for alert in alerts(answer, "")] == ["Early", "Late", "Ticket", "Waiting"]


def test_a_product_sees_its_own_alerts() -> None:
    """Those that its matchers select."""
    answer = [fired("A", domain="sales"), fired("B", domain="customer")]
    assert [alert.name for alert in alerts(answer, 'domain="sales"')] == ["A"]
    assert alerts(answer, 'domain="sales"')[0].since.isoformat() == "2026-11-28T03:05:00+00:00"
