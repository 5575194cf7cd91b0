"""The dead man's switch: an alert that always fires, so that its absence tells that the alerting has died.

Rules that no longer run and an Alertmanager that no longer sends cannot say so themselves. The pager hears
the Watchdog every ten seconds; when it does not, it opens an incident by itself.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from observability.alerts import PLATFORM
from observability.pager.entry import Alerted, Route
from observability.platform_alerts import RUNBOOK, SILENT

LIMIT = timedelta(seconds=40)
"""Longest silence: four signs. A restart of Alertmanager passes, and a page still comes within a minute."""
FIRST = timedelta(seconds=120)
"""Longest silence after the pager's start, when the others may be starting too."""
ABSENCE = timedelta(seconds=30)
"""A pager that did not look at the time for so long was away itself (a laptop asleep): it listens anew."""


class Switch:
    """Knows when the Watchdog was heard, and says when that is too long ago."""

    def __init__(self, started_at: datetime) -> None:
        self.started_at = started_at
        self.heard_at: datetime | None = None
        """When it was last heard; None before the first time."""
        self._since = started_at
        self._looked_at = started_at
        self._over = False

    def hear(self, moment: datetime) -> None:
        """The Watchdog has given a sign."""
        self.heard_at = self._since = moment
        self._over = False

    def end(self, moment: datetime) -> None:
        """Alertmanager says that the Watchdog has ended: Prometheus tells it of no alert any more."""
        self._over = moment - self._looked_at <= ABSENCE

    def silent(self, moment: datetime) -> bool:
        """Whether it has been silent for too long; to be asked every few seconds."""
        if moment - self._looked_at > ABSENCE:
            self._since = moment
        self._looked_at = moment
        return self._over or moment - self._since > (FIRST if self.heard_at is None else LIMIT)


def alert(
    at: datetime, starts_at: datetime, owner: str, runbooks: str, due: tuple[Route, ...], *, over: bool
) -> Alerted:
    """What Alertmanager would say, could it say that it is silent."""
    page = f"{RUNBOOK}#{SILENT.lower()}"
    return Alerted(
        at=at,
        receiver=PLATFORM,
        fingerprint=hashlib.sha256(SILENT.encode()).hexdigest()[:16],
        starts_at=starts_at,
        ends_at=at if over else None,
        labels={
            "alertname": SILENT,
            "severity": "page",
            "type": "watchdog",
            "symptom": "watchdog",
            "domain": PLATFORM,
            "owner": owner,
            "drill": "watchdog",
        },
        annotations={
            "summary": "Nothing is heard from the alerting any more",
            "description": "Prometheus or Alertmanager is down, or cannot reach the next one. Until that is"
            " mended, no other fault is paged.",
            "action": "Run mesh status; then mesh logs prometheus and mesh logs alertmanager.",
            "runbook_url": f"{runbooks.rstrip('/')}/{page}" if runbooks else page,
        },
        due=due,
    )
