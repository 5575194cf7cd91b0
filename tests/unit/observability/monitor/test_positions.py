"""Positions: who is behind, by how much, and since when."""

from __future__ import annotations

from typing import cast

from mesh.kernel import names
from mesh.kernel.broker import Broker, Place
from mesh.kernel.clock import now_seconds
from mesh.kernel.discovery import find_mesh
from mesh.kernel.metrics import REGISTRY
from mesh.kernel.settings import Settings
from observability.monitor.log import Log
from observability.monitor.positions import Behind, Positions, behind, landed, topics
from observability.monitor.waits import Waits

ORDERS, DEAD = "sales.public.order-placed.v1", "sales.dead.order-placed.v1"
FIRST, SECOND = Place(ORDERS, 0), Place(ORDERS, 1)


def test_a_topic_is_as_late_as_its_latest_partition() -> None:
    """Records are summed, waits are not; what nobody reads from is not behind."""
    waits = Waits()
    waits.saw(0.0, {FIRST: 5, SECOND: 1})
    waits.saw(20.0, {FIRST: 5, SECOND: 9})
    found = behind({FIRST: (0, 5), SECOND: (0, 9)}, {FIRST: 3, SECOND: 4}, waits, 30.0)
    assert found == {ORDERS: Behind(records=7, seconds=30.0)}
    assert behind({FIRST: (0, 5)}, {}, waits, 30.0) == {}


def test_what_is_no_longer_kept_waits_for_nobody() -> None:
    """Retention has removed the first 80 records."""
    waits = Waits()
    waits.saw(0.0, {FIRST: 100})
    assert behind({FIRST: (80, 100)}, {FIRST: 10}, waits, 1.0)[ORDERS].records == 20


def test_every_topic_is_watched_and_the_sink_reads_what_has_a_table() -> None:
    """From the contracts; raw records are mastered, not landed, but their dead letters are."""
    mesh = find_mesh(Settings())
    assert {ORDERS, DEAD} <= set(topics(mesh)) & landed(mesh)
    assert "customer.raw.customer-record.v1" not in landed(mesh)
    assert "customer.dead.customer-record.v1" in landed(mesh)


class Replies:
    """Stands for the broker, as one group asks it, and for its log: one topic of one partition."""

    def __init__(self, *, end: int = 4, committed: int = 0) -> None:
        self.end, self.position = end, committed

    def places(self, _topics: object) -> list[Place]:
        """One partition."""
        return [FIRST]

    def starts(self, _places: object) -> dict[Place, int]:
        """Nothing was ever deleted."""
        return {FIRST: 0}

    def ends(self, _places: object) -> dict[Place, int]:
        """As the test says."""
        return {FIRST: self.end}

    def committed(self, _places: object) -> dict[Place, int]:
        """The group's position, once it has one."""
        return {FIRST: self.position} if self.position else {}

    def newest(self, _ends: object) -> dict[Place, float]:
        """The last record was published long ago."""
        return {FIRST: 1e9}


def watching(replies: Replies) -> Positions:
    """The round, with a broker for the sink and one for an application that has committed nothing."""
    brokers = {names.CUSTOMER_360: Replies(), names.SINK: replies}
    return Positions(find_mesh(Settings()), cast("dict[str, Broker]", brokers), cast("Log", replies))


def value(name: str, **labels: str) -> float | None:
    """What Prometheus would read."""
    return REGISTRY.get_sample_value(name, labels)


def test_a_round_publishes_lag_and_what_the_sink_has_never_read() -> None:
    """Before its first commit everything waits for it; an application without position has no lag."""
    replies = Replies()
    positions = watching(replies)
    positions.measure()
    assert value("mesh_topic_end_offsets", topic=ORDERS, partition="0") == 4
    assert value("mesh_behind_records", application=names.SINK, topic=ORDERS) == 4
    assert value("mesh_behind_records", application=names.CUSTOMER_360, topic=ORDERS) is None
    replies.position = 4
    positions.measure()
    assert value("mesh_behind_records", application=names.SINK, topic=ORDERS) == 0
    assert value("mesh_behind_seconds", application=names.SINK, topic=ORDERS) == 0
    assert positions.committed[names.SINK] == {FIRST: 4}


def test_a_topic_was_published_to_when_it_grew() -> None:
    """At first its last record tells, whatever the monitor's own age; then the monitor sees for itself."""
    replies = Replies()
    positions = watching(replies)
    for _ in range(2):
        positions.measure()
        assert value("mesh_topic_last_published_timestamp_seconds", topic=ORDERS) == 1e9
    replies.end = 5
    before = now_seconds()
    positions.measure()
    assert (value("mesh_topic_last_published_timestamp_seconds", topic=ORDERS) or 0) >= before
