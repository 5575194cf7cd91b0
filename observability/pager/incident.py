"""An incident: what is wrong since when, whose it is, who has taken it on, and who was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from observability.pager.entry import Change, Outcome, Route


@dataclass(frozen=True, slots=True)
class Page:
    """One message about one change of an incident to one receiver over one channel."""

    change: Change
    route: Route
    due_at: datetime
    outcome: Outcome
    text: str
    at: datetime
    """When that outcome was recorded."""
    reason: str = ""
    """Why it has not been delivered; empty before it is tried."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return {
            "change": self.change,
            "channel": self.route.channel,
            "receiver": self.route.receiver,
            "due_at": self.due_at.isoformat(),
            "at": self.at.isoformat(),
            "outcome": self.outcome,
            "reason": self.reason,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Incident:
    """One occurrence of an alert: from its firing to its end. Moments are in UTC."""

    id: str
    """Short enough to be typed: day of firing and some hexadecimal digits."""
    name: str
    type: str
    """availability, ingestion, freshness, quality, ledger, capacity or watchdog."""
    severity: str
    """``page`` (now) or ``ticket`` (in working hours)."""
    domain: str
    product: str
    part: str
    owner: str
    """E-mail address of who answers for it."""
    receiver: str
    """Alertmanager's receiver that was told first."""
    summary: str
    description: str
    action: str
    """What to do."""
    runbook: str
    """Where that stands at length."""
    labels: Mapping[str, str]
    fired_at: datetime
    received_at: datetime
    revision: datetime
    """When it last changed; of two states of an incident the later one holds."""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""
    resolved_at: datetime | None = None
    pages: tuple[Page, ...] = ()

    @property
    def state(self) -> str:
        """``open``, ``acknowledged`` (and still open) or ``resolved``."""
        if self.resolved_at is not None:
            return "resolved"
        return "open" if self.acknowledged_at is None else "acknowledged"

    @property
    def receivers(self) -> tuple[str, ...]:
        """Everyone who was told that it fired or ended, in that order."""
        return tuple(dict.fromkeys(page.route.receiver for page in self.pages))

    def paged(self, change: Change, receiver: str) -> bool:
        """Whether a receiver was told of a change, or is about to be."""
        return any(page.change is change and page.route.receiver == receiver for page in self.pages)

    @property
    def waits(self) -> bool:
        """Whether a page about it has still to go out."""
        return any(page.outcome is Outcome.WAITING for page in self.pages)

    def next_page(self, route: Route) -> Page | None:
        """The earliest page that still waits for this way out; pages of an incident go out in their order."""
        waiting = (page for page in self.pages if page.route == route and page.outcome is Outcome.WAITING)
        return next(waiting, None)

    def with_page(self, paged: Page) -> Incident:
        """The same with one of its pages brought up to date."""
        same = (paged.change, paged.route)
        pages = tuple(paged if (page.change, page.route) == same else page for page in self.pages)
        return replace(self, pages=pages)

    def as_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        values = {name: getattr(self, name) for name in self.__slots__}
        moments = {name: value.isoformat() for name, value in values.items() if isinstance(value, datetime)}
        return {
            **values,
            **moments,
            "labels": dict(self.labels),
            "state": self.state,
            "pages": [page.as_dict() for page in self.pages],
        }
