"""The running mesh that a drill is held on, and the few ways in which drills touch it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Producer

from mesh.kernel.discovery import Mesh
from mesh.kernel.errors import DrillError, did_you_mean
from mesh.kernel.home_file import LIVE, amend
from mesh.kernel.newest import newest
from mesh.kernel.settings import Settings
from mesh.platform import client
from mesh.platform.part import PartStatus

_log = logging.getLogger(__name__)  # for librdkafka, which would write between the lines of the drills
PATIENCE = 10.0
"""Seconds that the broker may take for an answer."""


@dataclass(frozen=True)
class Record:
    """A record as it stands on its topic."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Ground:
    """A running mesh. Drills use the facts of one ``topic``; ``run`` names the records of this drill."""

    settings: Settings
    mesh: Mesh
    topic: str
    run: str
    tell: Callable[[str], None] = field(default=lambda _line: None)
    interrupted: threading.Event = field(default_factory=threading.Event)
    """Set when whoever holds the drills wants to end: faults heal at their next look."""

    @property
    def home(self) -> Path:
        """Where the platform keeps its state."""
        return self.settings.home

    def processes(self, app: str) -> list[PartStatus]:
        """The processes of an application; raise :class:`DrillError` where it has none."""
        found = [part for part in client.status(self.home) if part.name.rsplit("-", 1)[0] == app]
        if not found:
            raise DrillError(
                "drill-impossible", "has no process to break", place=app, remedy="start it with `mesh up`"
            )
        return found

    def newest(self, count: int) -> list[Record]:
        """The newest records of the drill's topic, at most ``count`` a partition.

        Sent once more they change nothing: equal facts are one fact. Raises :class:`DrillError` where there
        are none.
        """
        found = [
            Record(self.topic, message.partition(), message.key(), message.value())
            for message in newest(self.settings.kafka, self.topic, count)
            if message.value() is not None
        ]
        if not found:
            raise DrillError(
                "drill-impossible",
                "holds no record that could be sent once more",
                place=self.topic,
                remedy="publish a fact to it first, or name another topic with --topic",
            )
        return found

    def send(self, records: Sequence[Record]) -> None:
        """Put records on the broker and wait until they are there."""
        producer = Producer(
            {"bootstrap.servers": self.settings.kafka, "enable.idempotence": True, "logger": _log}
        )
        for record in records:
            producer.produce(record.topic, record.value, record.key, partition=record.partition)
        if producer.flush(PATIENCE):
            raise DrillError(
                "broker-unreachable",
                f"did not take {len(records)} records within {PATIENCE:.0f} s",
                place=self.settings.kafka,
                remedy="see `mesh status`",
            )

    def declare_live(self, seconds: float | None) -> None:
        """Call the drill's topic live with so many seconds of silence allowed; None withdraws that."""
        amend(self.home / LIVE, {self.topic: seconds})


def topic_for_drills(mesh: Mesh, asked: str | None) -> str:
    """The topic that drills use: the one asked for, else that of orders; raise where there is none."""
    if asked is not None:
        return mesh.port(asked).topic
    partitioned = [port.topic for port in mesh.ports.values() if port.partition_by and port.table]
    wanted = "sales.public.order-placed.v1"
    if wanted in partitioned:
        return wanted
    if not partitioned:
        raise DrillError("drill-impossible", "no domain publishes facts", remedy=did_you_mean("", mesh.ports))
    return partitioned[0]
