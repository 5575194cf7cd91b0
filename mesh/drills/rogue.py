"""A stranger in the sink's consumer group: takes partitions and never does anything with them."""

from __future__ import annotations

import threading

from confluent_kafka import Consumer

from mesh.kernel.errors import DrillError
from mesh.kernel.names import SINK
from mesh.kernel.settings import Settings

PATIENCE = 30.0
"""Seconds within which the group must have given the stranger something."""


class Rogue:
    """Joins with the sink's own protocol, so that the group lets it in; subscribes to one topic."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka,
                "group.id": SINK,
                "enable.auto.commit": False,
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 10_000,
                "log_level": 0,
            }
        )
        self._ended = threading.Event()
        self._given = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def start(self) -> None:
        """Join, and return when partitions were given; raise :class:`DrillError` when none were."""
        self._thread.start()
        if not self._given.wait(PATIENCE):
            raise DrillError("drill-impossible", "the group gave the stranger no partition", place=SINK)

    def stop(self) -> None:
        """Leave the group."""
        self._ended.set()
        self._thread.join()
        self._consumer.close()

    def _poll(self) -> None:
        def given(_: Consumer, partitions: list[object]) -> None:
            if partitions:
                self._given.set()

        self._consumer.subscribe([self._topic], on_assign=given)
        while not self._ended.is_set():
            self._consumer.poll(0.2)
