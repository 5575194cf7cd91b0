"""The ledger's round: is every record that the sink has committed landed or parked?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mesh.kernel.broker import Broker, Place
from mesh.kernel.discovery import Mesh
from mesh.kernel.metrics import LEDGER_DRIFT, LEDGER_VERIFIED, TOPIC_EVENT_TIME
from mesh.kernel.names import SINK
from observability.monitor.book import Book, Claim
from observability.monitor.landings import Landings
from observability.monitor.log import Log

NEWS = 100_000
"""Offsets of one partition that a round looks at when they are new."""
PAST = 250_000
"""Offsets of the past that a round looks at, of all partitions together."""
REST = 6
"""Once the past has been seen whole, it is looked at in one round of so many: 30 million offsets an hour."""
GAPS = 20
"""Gaps that a round looks at again."""

Committed = Callable[[], Mapping[str, Mapping[Place, int]]]


@dataclass
class Ledger:
    """Measures a round. ``committed`` tells the last known positions of the groups."""

    mesh: Mesh
    broker: Broker
    landings: Landings
    log: Log
    committed: Committed
    _book: Book = field(default_factory=Book)
    _event_times: dict[str, float] = field(default_factory=dict)
    _rounds: int = 0

    def measure(self) -> None:
        """Positions first, rows and dead letters after: so nothing is missed that was only on its way."""
        positions = dict(self.committed().get(SINK, {}))
        tables = {topic: port for topic, port in self.mesh.ports.items() if port.table}
        places = [place for place in positions if place.topic in tables]
        dead = [place for place in positions if place.topic not in tables]
        starts, letters = self.broker.starts(places), self.broker.ends(dead)
        self._book.open({place: positions[place] for place in places}, starts)
        self._look(self._book.news(positions, NEWS), letters)
        if self._rounds % REST == 0 or not self._book.whole:
            self._look(self._book.past(PAST), letters)
        self._rounds += 1
        for place, gap in self._book.doubtful()[:GAPS]:  # rows may have come meanwhile
            self._book.shrunk(place, gap, self.landings.gaps(Claim(place, gap.start, gap.end)))
        for place, gap in self._book.in_suspense(positions):
            gap.missing = self.log.count(place, gap.start, gap.end)
        self._publish(tables)

    def _look(self, claims: list[Claim], letters: Mapping[Place, int]) -> None:
        findings, event_times = self.landings.look(claims)
        for finding in findings:
            dead = self.mesh.ports[finding.claim.place.topic].dead_letters
            self._book.looked(finding, {place: end for place, end in letters.items() if place.topic == dead})
        for topic, moment in event_times.items():
            self._event_times[topic] = max(moment, self._event_times.get(topic, 0.0))
            TOPIC_EVENT_TIME.labels(topic).set(self._event_times[topic])

    def _publish(self, topics: Mapping[str, object]) -> None:
        for topic in topics:
            drift = sum(one.drift for place, one in self._book.accounts.items() if place.topic == topic)
            LEDGER_DRIFT.labels(topic).set(drift)
        for place, account in self._book.accounts.items():
            LEDGER_VERIFIED.labels(place.topic, place.partition).set(account.verified)
