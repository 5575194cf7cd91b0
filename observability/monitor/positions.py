"""How far everything is: ends of topics, newest records, committed offsets, and how long records wait."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.kernel import names
from mesh.kernel.broker import Broker, Place
from mesh.kernel.clock import now_seconds
from mesh.kernel.discovery import Mesh
from mesh.kernel.metrics import BEHIND, BEHIND_SECONDS, COMMITTED, TOPIC_END, TOPIC_PUBLISHED
from observability.monitor.log import Log
from observability.monitor.waits import Waits

GROUPS = (*names.APPLICATIONS, names.SINK)


def topics(mesh: Mesh) -> list[str]:
    """Every topic of the mesh, dead letters included."""
    return [topic for port in mesh.ports.values() for topic in (port.topic, port.dead_letters)]


def landed(mesh: Mesh) -> set[str]:
    """What the sink reads: every topic with a table, and all dead letters."""
    tables = {port.topic for port in mesh.ports.values() if port.table}
    return tables | {port.dead_letters for port in mesh.ports.values()}


@dataclass(frozen=True)
class Behind:
    """How much of a topic a group has still to read, and for how many seconds the oldest of it has waited."""

    records: int
    seconds: float


def behind(
    spans: Mapping[Place, tuple[int, int]], committed: Mapping[Place, int], waits: Waits, moment: float
) -> dict[str, Behind]:
    """How far a group is behind, by topic, on the partitions for which it has a position.

    ``spans`` are the first and the next offset of each: what is no longer kept waits for nobody.
    """
    records: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for place, position in committed.items():
        if place in spans:
            start, end = spans[place]
            records[place.topic] += max(0, end - max(start, position))
            waited = waits.waited(place, position, moment)
            seconds[place.topic] = max(seconds[place.topic], waited)
    return {topic: Behind(records[topic], seconds[topic]) for topic in records}


@dataclass
class Positions:
    """Measures a round, and keeps what the groups had committed by then for the ledger's."""

    mesh: Mesh
    brokers: Mapping[str, Broker]
    """The broker as each group asks it."""
    log: Log
    committed: dict[str, dict[Place, int]] = field(default_factory=dict)
    _waits: Waits = field(default_factory=Waits)
    _newest: dict[str, float] = field(default_factory=dict)
    _ends: dict[Place, int] = field(default_factory=dict)

    def measure(self) -> None:
        """Ends first and then what is read of them, so that what flows meanwhile does not count as lag."""
        moment, broker = time.monotonic(), self.brokers[names.SINK]
        places = broker.places(topics(self.mesh))
        ends = broker.ends(places)
        starts = broker.starts(places)
        spans = {place: (starts[place], end) for place, end in ends.items()}
        self._waits.saw(moment, ends)
        for place, end in ends.items():
            TOPIC_END.labels(place.topic, place.partition).set(end)
        self._publish_newest(ends)
        for group, broker in self.brokers.items():
            self._publish_group(group, broker.committed(places), spans, moment)
        for place, end in ends.items():
            lowest = (found[place] for found in self.committed.values() if place in found)
            self._waits.forget(place, min(lowest, default=end))

    def _publish_newest(self, ends: Mapping[Place, int]) -> None:
        """A topic that has grown was published to just now; at first its last records tell when that was."""
        if not self._ends:
            newest = self.log.newest(ends)
        else:
            newest = {place: now_seconds() for place, end in ends.items() if end > self._ends.get(place, 0)}
        for place, published in newest.items():
            self._newest[place.topic] = max(published, self._newest.get(place.topic, 0.0))
            TOPIC_PUBLISHED.labels(place.topic).set(self._newest[place.topic])
        self._ends = dict(ends)

    def _publish_group(
        self,
        group: str,
        found: dict[Place, int],
        spans: Mapping[Place, tuple[int, int]],
        moment: float,
    ) -> None:
        if group == names.SINK:  # what it has never committed waits as well
            found = {**self._never_read(spans), **found}
        self.committed[group] = found
        for place, position in found.items():
            COMMITTED.labels(group, place.topic, place.partition).set(position)
        for topic, lag in behind(spans, found, self._waits, moment).items():
            BEHIND.labels(group, topic).set(lag.records)
            BEHIND_SECONDS.labels(group, topic).set(lag.seconds)

    def _never_read(self, spans: Mapping[Place, tuple[int, int]]) -> dict[Place, int]:
        wanted = landed(self.mesh)
        return {place: start for place, (start, _) in spans.items() if place.topic in wanted}
