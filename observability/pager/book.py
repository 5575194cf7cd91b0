"""The incidents, as a fold of the journal's entries: pure, so that a restart comes to the same book.

An occurrence of an alert is told by its fingerprint and the moment since which it fires. Alertmanager says
the same again and again, and after a lost answer too; a repeat changes nothing. When an alert that has ended
fires again, that is a new incident, even where the moment is the old one: so it is when Alertmanager had only
lost sight of an alert that never ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from observability.pager.entry import Acknowledged, Alerted, Change, Entry, Outcome, Paged
from observability.pager.incident import Incident, Page
from observability.pager.message import text

DIGITS = 6
"""Of an id after its day; more where two of a day are alike."""


class Book:
    """Every incident, oldest first. Entries are applied in the order of their moments."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._occurrences: dict[tuple[str, datetime], list[str]] = {}

    def __iter__(self) -> Iterator[Incident]:
        return iter(self._incidents.values())

    def __contains__(self, incident: str) -> bool:
        return incident in self._incidents

    def __getitem__(self, incident: str) -> Incident:
        return self._incidents[incident]

    def apply(self, entry: Entry) -> Incident | None:
        """Take an entry in; the incident that changed, or None where it says what is known."""
        match entry:
            case Alerted():
                changed = self._alerted(entry)
            case Acknowledged():
                changed = self._acknowledged(entry)
            case Paged():
                changed = self._paged(entry)
        if changed is not None:
            self._incidents[changed.id] = changed
        return changed

    def would_change(self, entry: Alerted) -> bool:
        """Whether an alert is news."""
        current, fires = self._current(entry), entry.ends_at is None
        if current is None or fires != (current.resolved_at is None):
            return True
        return not current.paged(Change.FIRED if fires else Change.RESOLVED, entry.receiver)

    def _current(self, entry: Alerted) -> Incident | None:
        """The newest incident of an alert's occurrence."""
        known = self._occurrences.get((entry.fingerprint, entry.starts_at))
        return self._incidents[known[-1]] if known else None

    def _alerted(self, entry: Alerted) -> Incident | None:
        if not self.would_change(entry):
            return None
        incident = self._current(entry)
        if incident is None or (entry.ends_at is None and incident.resolved_at is not None):
            incident = self._opened(entry)
        if entry.ends_at is None:
            return _due(incident, Change.FIRED, entry)
        if incident.resolved_at is None:
            incident = replace(incident, resolved_at=max(entry.ends_at, incident.fired_at))
        return _due(incident, Change.RESOLVED, entry)

    def _opened(self, entry: Alerted) -> Incident:
        occurrence = self._occurrences.setdefault((entry.fingerprint, entry.starts_at), [])
        labels, said = entry.labels, entry.annotations
        incident = Incident(
            id=self._new_id(entry, len(occurrence)),
            name=labels["alertname"],
            type=labels.get("type", ""),
            severity=labels.get("severity", "page"),
            domain=labels.get("domain", entry.receiver),
            product=labels.get("product", ""),
            part=labels.get("part", ""),
            owner=labels.get("owner", ""),
            receiver=entry.receiver,
            summary=said.get("summary", ""),
            description=said.get("description", ""),
            action=said.get("action", ""),
            runbook=said.get("runbook_url", ""),
            labels=labels,
            fired_at=entry.starts_at,
            received_at=entry.at,
            revision=entry.at,
        )
        occurrence.append(incident.id)
        return incident

    def _new_id(self, entry: Alerted, ordinal: int) -> str:
        known_by = f"{entry.fingerprint} {entry.starts_at.isoformat()} {ordinal}"
        digest = hashlib.sha256(known_by.encode()).hexdigest()
        names = (f"{entry.starts_at:%Y%m%d}-{digest[:digits]}" for digits in range(DIGITS, len(digest)))
        return next(name for name in names if name not in self._incidents)

    def _acknowledged(self, entry: Acknowledged) -> Incident | None:
        incident = self._incidents.get(entry.incident)
        if incident is None or incident.acknowledged_at is not None:
            return None
        incident = replace(
            incident, acknowledged_at=entry.at, acknowledged_by=entry.by, note=entry.note, revision=entry.at
        )
        return _due(incident, Change.ACKNOWLEDGED, entry)

    def _paged(self, entry: Paged) -> Incident | None:
        incident = self._incidents.get(entry.incident)
        if incident is None:
            return None
        meant = (entry.change, entry.route, Outcome.WAITING)
        page = next((one for one in incident.pages if (one.change, one.route, one.outcome) == meant), None)
        if page is None:
            return None
        page = replace(page, at=entry.at, outcome=entry.outcome, reason=entry.reason)
        return replace(incident.with_page(page), revision=entry.at)


def fold(entries: Iterable[Entry]) -> Book:
    """The book of a set of entries, whatever their order and however often each is given."""
    book = Book()
    for _, entry in sorted({entry.at: entry for entry in entries}.items()):
        book.apply(entry)
    return book


def lasting(entries: Iterable[Entry], since: datetime) -> list[Entry]:
    """The entries that still matter: those of every day on which something is open, untold, or newer.

    Whole days, so that the ids of what stays do not change.
    """
    book = Book()
    told = [(_day(one), entry) for entry in entries if (one := book.apply(entry)) is not None]
    kept = {_day(one) for one in book if one.revision >= since or one.resolved_at is None or one.waits}
    return [entry for day, entry in told if day in kept]


def _day(incident: Incident) -> str:
    return incident.id.partition("-")[0]


def _due(incident: Incident, change: Change, entry: Alerted | Acknowledged) -> Incident:
    """The same with the pages that a change calls for."""
    said = text(incident, change)
    pages = tuple(Page(change, route, entry.at, Outcome.WAITING, said, entry.at) for route in entry.due)
    return replace(incident, pages=incident.pages + pages, revision=entry.at)
