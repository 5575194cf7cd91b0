"""The dead man's switch: an alert that always fires, so that its absence tells that the alerting has died.

Rules that no longer run and an Alertmanager that no longer sends cannot say so themselves. The pager hears
the Watchdog about every half minute; when it does not, it opens an incident by itself.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from observability.pager.entry import Alerted, Route

NAME = "PlatformAlertingSilent"
RECEIVER = "platform"
LIMIT = timedelta(seconds=120)
"""Longest silence: four signs of half a minute each, so that a restart of Prometheus goes unnoticed."""
ABSENCE = timedelta(seconds=30)
"""A pager that did not look at the time for so long was away itself (a laptop asleep): it listens anew."""


class Switch:
    """Knows when the Watchdog was heard, and says when that is too long ago."""

    def __init__(self, started_at: datetime) -> None:
        self.heard_at: datetime | None = None
        """When it was last heard; None before the first time."""
        self.started_at = started_at
        self._since = started_at
        self._looked_at = started_at

    def hear(self, moment: datetime) -> None:
        """The Watchdog has given a sign."""
        self.heard_at = self._since = moment

    def silent(self, moment: datetime) -> bool:
        """Whether it has been silent for too long; to be asked more often than every half minute."""
        if moment - self._looked_at > ABSENCE:
            self._since = moment
        self._looked_at = moment
        return moment - self._since > LIMIT

    @property
    def since(self) -> datetime:
        """Since when nothing is heard."""
        return self._since


def alert(
    at: datetime, starts_at: datetime, owner: str, runbooks: str, due: tuple[Route, ...], *, over: bool
) -> Alerted:
    """What Alertmanager would say, could it say that it is silent."""
    page = f"observability/runbook.md#{NAME.lower()}"
    return Alerted(
        at=at,
        receiver=RECEIVER,
        fingerprint=hashlib.sha256(NAME.encode()).hexdigest()[:16],
        starts_at=starts_at,
        ends_at=at if over else None,
        labels={
            "alertname": NAME,
            "severity": "page",
            "type": "watchdog",
            "symptom": "watchdog",
            "domain": RECEIVER,
            "owner": owner,
            "drill": "watchdog",
        },
        annotations={
            "summary": f"Nothing was heard from the alerting for {LIMIT.seconds} s",
            "description": "Prometheus or Alertmanager is down, or cannot reach the next one. Until that is"
            " mended, no other fault is paged.",
            "action": "Run mesh status; then mesh logs prometheus and mesh logs alertmanager.",
            "runbook_url": f"{runbooks.rstrip('/')}/{page}" if runbooks else page,
        },
        due=due,
    )
