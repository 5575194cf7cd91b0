"""The pager itself: takes in what happens, writes it down, and sets off what follows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from mesh.kernel.errors import IncidentError, did_you_mean
from mesh.kernel.metrics import INCIDENTS_OPEN, WATCHDOG_SEEN
from mesh.kernel.settings import Settings
from observability.alerts import PLATFORM
from observability.pager import watchdog
from observability.pager.alert import read_notification
from observability.pager.book import Book, lasting
from observability.pager.channel import Channel
from observability.pager.delivery import Delivery
from observability.pager.entry import Acknowledged, Alerted, Entry, Outcome, Paged, Route
from observability.pager.incident import Incident, Page
from observability.pager.journal import Journal
from observability.pager.routing import routes
from observability.pager.watchdog import Switch
from observability.platform_alerts import SILENT

log = logging.getLogger("mesh.pager")

KEPT = timedelta(days=90)
"""How long the journal keeps what is over; the warehouse keeps it for ever."""


class Pager:
    """What the pager knows and does, short of HTTP. One thread; its methods do not wait for the network."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._channels = channels
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)
        self.book = Book()
        entries = journal.read()
        if entries and entries[0].at < clock() - KEPT:
            entries = lasting(entries, clock() - KEPT)
            journal.rewrite(entries)
        for entry in entries:
            self._last = max(self._last, entry.at)
            self.book.apply(entry)
        self.switch = Switch(clock())
        self.delivery = Delivery(self.book, channels, self._record, clock, sleep)
        self.changed: Callable[[Incident], None] = lambda _: None
        """Called with every incident that has changed."""
        self._shown: set[tuple[str, str]] = set()
        self._count_open()

    def start(self) -> None:
        """Bring out what was waiting when the last process ended."""
        for incident in self.book:
            self.delivery.dispatch(incident)

    def close(self) -> None:
        """Stop; nothing that was taken in is lost."""
        self.delivery.close()
        self._journal.close()

    def notify(self, receiver: str, body: bytes) -> list[str]:
        """Take in what Alertmanager posted, and return what of it could not be read.

        When this returns, the rest is on disk. Raises :class:`IncidentError` when the body is no
        notification, and :class:`OSError` when it could not be written down.
        """
        notification = read_notification(body, receiver, self._routes(receiver), self._moment)
        newest = {(alert.fingerprint, alert.starts_at): alert for alert in notification.alerts}
        self._take([alert for alert in newest.values() if self.book.would_change(alert)])
        return notification.faults

    def hear(self, body: bytes) -> None:
        """Take in what Alertmanager says of the Watchdog. Raises as :meth:`notify` does."""
        notification = read_notification(body, PLATFORM, (), self._moment)
        moment = self._clock()
        if any(alert.ends_at is None for alert in notification.alerts):
            self.switch.hear(moment)
            WATCHDOG_SEEN.set(moment.timestamp())
            if silence := self._silence():
                self._take([self._about_silence(silence.fired_at, over=True)])
        elif notification.alerts:
            self.switch.end(moment)
            self.listen()

    def listen(self) -> None:
        """Open an incident when the Watchdog stays away; to be called every few seconds."""
        moment = self._clock()
        if self.switch.silent(moment) and self._silence() is None:
            self._take([self._about_silence(moment, over=False)])

    def acknowledge(self, incident: str, by: str, note: str) -> Incident:
        """Note who has taken on an incident; the first stands. Raises :class:`IncidentError`, OSError."""
        known = self.incident(incident)
        if known.acknowledged_at is None:
            due = tuple(route for receiver in known.receivers for route in self._routes(receiver))
            self._take([Acknowledged(self._moment(), incident, by, note, due)])
        return self.book[incident]

    def incident(self, name: str) -> Incident:
        """One incident; raise :class:`IncidentError` with the nearest ids."""
        if name not in self.book:
            newest = [incident.id for incident in self.incidents(everything=True, limit=20)]
            remedy = did_you_mean(name, newest) if newest else "there has been no incident yet"
            raise IncidentError("incident-unknown", "is not an incident", place=name, remedy=remedy)
        return self.book[name]

    def incidents(self, *, everything: bool, limit: int) -> list[Incident]:
        """The newest incidents first: those that are not resolved, or all."""
        found = [one for one in self.book if everything or one.resolved_at is None]
        return sorted(found, key=lambda one: (one.received_at, one.id), reverse=True)[:limit]

    def _take(self, entries: list[Alerted] | list[Acknowledged]) -> None:
        """Write entries down; what follows from them happens after that, or after a restart."""
        if not entries:
            return
        self._journal.append(entries)
        for entry in entries:
            self._follow(entry)

    def _follow(self, entry: Entry) -> None:
        incident = self.book.apply(entry)
        if incident is not None:
            self.delivery.dispatch(incident)
            self.changed(incident)
            self._count_open()

    def _record(self, incident: str, page: Page, outcome: Outcome, reason: str) -> None:
        entry = Paged(self._moment(), incident, page.change, page.route, outcome, reason)
        try:
            self._journal.append([entry])
        except OSError as error:
            # The page is out all the same; the worst is that a restart sends it once more.
            log.error("what became of a page of %s is not written down: %s", incident, error.strerror)
        self._follow(entry)

    def _silence(self) -> Incident | None:
        """The open incident about a silent alerting."""
        found = (one for one in self.book if one.name == SILENT and one.resolved_at is None)
        return next(found, None)

    def _about_silence(self, starts_at: datetime, *, over: bool) -> Alerted:
        due = self._routes(PLATFORM)
        owner, runbooks = self._settings.operations, self._settings.runbooks
        return watchdog.alert(self._moment(), starts_at, owner, runbooks, due, over=over)

    def _routes(self, receiver: str) -> tuple[Route, ...]:
        return routes(receiver, self._channels, self._settings.teams)

    def _moment(self) -> datetime:
        """The present moment, later than any other of the journal even where the clock was set back."""
        self._last = max(self._clock(), self._last + timedelta(microseconds=1))
        return self._last

    def _count_open(self) -> None:
        counts = dict.fromkeys(self._shown, 0)
        for incident in self.book:
            if incident.resolved_at is None:
                labels = (incident.domain, incident.severity)
                counts[labels] = counts.get(labels, 0) + 1
        self._shown = set(counts)
        for labels, count in counts.items():
            INCIDENTS_OPEN.labels(*labels).set(count)
