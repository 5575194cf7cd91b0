"""What Alertmanager would post, and the entries that the pager makes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from observability.pager.entry import Acknowledged, Alerted, Change, Outcome, Paged, Route

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MAIL, LOG = Route("sales", "mail"), Route("sales", "log")
LABELS = {
    "alertname": "SalesOrdersEnrichedStale",
    "severity": "page",
    "type": "freshness",
    "domain": "sales",
    "product": "orders-enriched",
    "owner": "sales@retail.example",
}
ANNOTATIONS = {
    "summary": "Rows of sales.orders_enriched are 75 s old",
    "description": "The contract promises 60 s.",
    "action": "See `mesh status`.",
    "runbook_url": "domains/sales/runbook.md#salesordersenrichedstale",
}


def at(seconds: float) -> datetime:
    """A moment so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def fired(
    seconds: float, *, since: float = 0, who: str = "a", due: tuple[Route, ...] = (MAIL,), **labels: str
) -> Alerted:
    """An alert that fires since ``since``, heard of ``seconds`` after noon."""
    receiver = due[0].receiver if due else "sales"
    return Alerted(at(seconds), receiver, who, at(since), None, {**LABELS, **labels}, ANNOTATIONS, due)


def ended(
    seconds: float,
    *,
    since: float = 0,
    until: float | None = None,
    who: str = "a",
    due: tuple[Route, ...] = (MAIL,),
) -> Alerted:
    """The same alert, which has ended."""
    over = at(seconds if until is None else until)
    return Alerted(at(seconds), "sales", who, at(since), over, LABELS, ANNOTATIONS, due)


def taken_on(
    seconds: float, incident: str, by: str = "anna", due: tuple[Route, ...] = (MAIL,)
) -> Acknowledged:
    """An acknowledgement."""
    return Acknowledged(at(seconds), incident, by, "looking", due)


def paged(
    seconds: float,
    incident: str,
    change: Change = Change.FIRED,
    route: Route = MAIL,
    outcome: Outcome = Outcome.DELIVERED,
    reason: str = "",
) -> Paged:
    """What became of a page."""
    return Paged(at(seconds), incident, change, route, outcome, reason)


def posted_alert(**changes: Any) -> dict[str, Any]:
    """One alert of Alertmanager's webhook, as version 0.25 writes it."""
    return {
        "status": "firing",
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "startsAt": "2026-11-28T12:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": "3fa9c1d2e4b5a697",
        **changes,
    }


def posted(*alerts: Any) -> bytes:
    """The body of a post with these alerts."""
    return json.dumps(
        {"version": "4", "status": "firing", "receiver": "sales", "alerts": list(alerts)}
    ).encode()
