"""The ledger's round: is every record that the sink has committed landed or parked?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mesh.kernel.discovery import Mesh
from mesh.kernel.metrics import LEDGER_DRIFT, LEDGER_VERIFIED, TOPIC_EVENT_TIME
from mesh.kernel.names import SINK
from observability.monitor.book import Book, Claim, Gap
from observability.monitor.broker import Broker
from observability.monitor.landings import Landings
from observability.monitor.log import Log
from observability.monitor.waits import Place

NEWS = 100_000
"""Offsets of one partition that a round looks at when they are new."""
PAST = 250_000
"""Offsets of the past, of all partitions together, that a round looks at: some hundredths of a second."""
GAPS = 100
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

    def measure(self) -> None:
        """Positions first, rows and dead letters after: so nothing is missed that was only on its way."""
        positions = dict(self.committed().get(SINK, {}))
        tables = {topic: port for topic, port in self.mesh.ports.items() if port.table}
        places = [place for place in positions if place.topic in tables]
        dead = [place for place in positions if place.topic not in tables]
        starts, letters = self.broker.starts(places), self.broker.ends(dead)
        self._book.open({place: positions[place] for place in places}, starts)
        for claims in (
            self._book.news(positions, NEWS),
            self._book.past(PAST),
        ):
            look = self.landings.look(claims)
            for finding in look.findings:
                dead_letters = tables[finding.claim.place.topic].dead_letters
                self._book.looked(
                    finding, {place: end for place, end in letters.items() if place.topic == dead_letters}
                )
            self._publish_event_times(look.event_times)
        self._look_again()
        for place, gap in self._book.in_suspense(positions):
            gap.missing = self.log.count(place, gap.start, gap.end)
        self._publish(tables)

    def _look_again(self) -> None:
        """Rows may have come meanwhile."""
        found = [(place, gap) for place, gap in self._book.open_gaps() if gap.missing != 0][:GAPS]
        look = self.landings.look([Claim(place, gap.start, gap.end) for place, gap in found])
        by_claim = {finding.claim: finding.gaps for finding in look.findings}
        for place, gap in found:
            self._book.shrunk(place, gap, by_claim.get(Claim(place, gap.start, gap.end), _whole(gap)))

    def _publish_event_times(self, found: Mapping[str, float]) -> None:
        for topic, moment in found.items():
            self._event_times[topic] = max(moment, self._event_times.get(topic, 0.0))
            TOPIC_EVENT_TIME.labels(topic).set(self._event_times[topic])

    def _publish(self, topics: Mapping[str, object]) -> None:
        for topic in topics:
            drift = sum(one.drift for place, one in self._book.accounts.items() if place.topic == topic)
            LEDGER_DRIFT.labels(topic).set(drift)
        for place, account in self._book.accounts.items():
            LEDGER_VERIFIED.labels(place.topic, place.partition).set(account.verified)


def _whole(gap: Gap) -> tuple[tuple[int, int], ...]:
    return ((gap.start, gap.end),)
