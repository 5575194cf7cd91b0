"""The sink process: ``python -m sinks.worker --index 1 --metrics-port 9401``.

Reads every topic that has a table, and every dead letter topic, as consumer group ``mesh.sink``. Offsets are
committed after the insert, so whatever happens a record lands at least once; tokens and the tables' versions
make that once as a reader sees it.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from mesh.kernel import metrics
from mesh.kernel.clock import now
from mesh.kernel.dead_log import read_dead_letters
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import MeshError
from mesh.kernel.heap import keep_freed
from mesh.kernel.holding import holds_keys, recalled
from mesh.kernel.names import SINK, TopicName
from mesh.kernel.settings import load_settings
from mesh.kernel.warehouse import connect
from schemas.codec import Codecs
from schemas.registry import Registry, schema_ids
from sinks.block import Block
from sinks.clickhouse.tables import Table
from sinks.clickhouse.writer import Writer
from sinks.dead_letters import Parking, Refused
from sinks.intake import Intake
from sinks.landing import DeadLetterLane, EventLane, Lane
from sinks.pace import Pace
from sinks.record import by_place

if TYPE_CHECKING:
    from mesh.kernel.settings import Settings

log = logging.getLogger("mesh.sink")

AT_ONCE = 2
"""Blocks that are landed at the same time, each of a topic of its own."""
_FETCH = 10_000
_POLL = 0.05
"""Seconds to wait for so many messages; fewer are handed over when they have passed."""
_ALLOCATIONS = 100_000
"""Objects after which the youngest are searched for cycles; by default it is 700."""


class StoppedWhileWaitingError(Exception):
    """The process was asked to stop while it waited."""


class Sink:
    """Gathers messages into a block a topic and lands a block when it is full or old enough."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = False
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka,
                "group.id": SINK,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 10_000,
                "max.poll.interval.ms": 86_400_000,  # an absent warehouse is waited for, however long
                "queued.max.messages.kbytes": 65_536,
                "fetch.wait.max.ms": 100,
            }
        )
        self._parking = Parking(
            Producer({"bootstrap.servers": settings.kafka, "enable.idempotence": True, "acks": "all"}),
            settings.dead_letter_limit,
        )
        self._writer = Writer(connect(settings), self._waiting)
        self._holding: dict[str, EventLane] = {}  # the lanes on which records wait behind an invalid one
        self._lanes = self._make_lanes(settings)
        self._blocks: dict[str, Block] = {}
        self._pace = Pace()
        self._inserting = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="insert")

    def _make_lanes(self, settings: Settings) -> dict[str, Lane]:
        ids = schema_ids(settings)
        codecs = Codecs(Registry(settings.registry))
        lanes: dict[str, Lane] = {}
        dead = DeadLetterLane(self._writer)
        for port in find_mesh(settings).ports.values():
            if port.table:
                intake = Intake(port, ids[port.topic], codecs)
                lane = lanes[port.topic] = EventLane(Table(port), intake, self._writer)
                if holds_keys(port):
                    self._holding[port.topic] = lane
            lanes[str(TopicName.parse(port.topic).dead)] = dead
        return lanes

    def _waiting(self, error: Exception) -> None:
        metrics.WAITS.labels(SINK, "warehouse").inc()
        log.warning("the warehouse is away, trying again: %s", str(error).splitlines()[0])
        if self._stop:
            raise StoppedWhileWaitingError from error

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Signal handler: land what is gathered, commit, and leave."""
        self._stop = True

    def run(self) -> None:
        """Land until asked to stop."""
        self._consumer.subscribe(
            sorted(self._lanes), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        try:
            while not self._stop:
                due = self._due()
                if due:
                    self._land(*due, timed=True)
                self._gather(self._consumer.consume(_FETCH, 0 if due else _POLL))
            self._land(*self._blocks)
        except StoppedWhileWaitingError:
            log.warning("stopped while a part was away; what had not landed is read again")
        finally:
            self._inserting.shutdown()
            self._consumer.close()

    def _gather(self, messages: list[Message]) -> None:
        moment = time.monotonic()
        if any(map(Message.error, messages)):
            messages = list(filter(_is_record, messages))
        for (topic, partition), records in by_place(messages).items():
            rest = records
            while rest:
                block = self._blocks.setdefault(topic, Block(topic, since=moment))
                rest = rest[block.take(partition, rest) :]
                if rest:
                    self._land(topic)

    def _due(self) -> list[str]:
        """The topics whose blocks have waited long enough, the oldest first: as many as land at once."""
        moment = time.monotonic()
        patience = self._pace.patience(moment)
        old = [block for block in self._blocks.values() if moment - block.since >= patience]
        return [block.topic for block in sorted(old, key=lambda block: block.since)[:AT_ONCE]]

    def _land(self, *topics: str, timed: bool = False) -> None:
        """Land the blocks of these topics at once, park what may not land, and only then commit."""
        blocks, moment = [self._blocks.pop(topic) for topic in topics], time.monotonic()
        for block, (parked, seconds) in zip(blocks, self._inserting.map(self._insert, blocks), strict=True):
            if parked:
                self._parking.park(block.topic, parked)
            ends = block.ranges().items()
            done = [TopicPartition(block.topic, partition, last + 1) for partition, (_, last) in ends]
            self._consumer.commit(offsets=done, asynchronous=True)
            age = now().timestamp() - block.newest() / 1000
            metrics.EVENT_AGE.labels(SINK, block.topic).observe(max(0.0, age))
            if timed:
                self._pace.took(block.topic, seconds / len(topics), time.monotonic(), block.rate(moment))

    def _insert(self, block: Block) -> tuple[list[Refused], float]:
        """Insert a block; return what may not land, and the seconds that it took."""
        began = time.monotonic()
        return self._lanes[block.topic].land(block), time.monotonic() - began

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Learn what is held in partitions that come, before their records do.

        What the owner before has parked of them is on the broker: it committed nothing without.
        """
        places = [(place.topic, place.partition) for place in partitions if place.topic in self._holding]
        if not places:
            return
        dead = {str(TopicName.parse(topic).dead) for topic, _ in places}
        letters = read_dead_letters(self._settings.kafka, dead, cancelled=lambda: self._stop)
        held = recalled(letters, SINK, places)
        if self._stop:
            raise StoppedWhileWaitingError  # what is held may be known in part
        for (topic, number), holding in held.items():
            lane = self._holding[topic]
            lane.holdings = {**lane.holdings, number: holding}

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """What is gathered of partitions that leave is forgotten: their next owner reads it again."""
        for topic in {place.topic for place in partitions} & self._blocks.keys():
            leaving = {place.partition for place in partitions if place.topic == topic}
            kept = self._blocks[topic].without(leaving)
            if kept.rows:
                self._blocks[topic] = kept
            else:
                del self._blocks[topic]


def _is_record(message: Message) -> bool:
    """Whether it is none of the broker's complaints; raises :class:`KafkaException` for a fatal one."""
    error = message.error()
    if error is None:
        return True
    if error.fatal():
        raise KafkaException(error)
    log.warning("broker: %s", error)
    return False


def main() -> None:
    """Run the sink until SIGTERM; one clear line and exit 1 for an error that a person can mend."""
    parser = argparse.ArgumentParser(
        prog="python -m sinks.worker", description="Land every topic in the warehouse"
    )
    parser.add_argument("--index", type=int, default=1, help="Number of this process")
    parser.add_argument("--metrics-port", type=int, default=0, help="Port of the Prometheus metrics; 0: none")
    parser.add_argument("--metrics-host", default="127.0.0.1", help="Address of the metrics (%(default)s)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of each request at INFO
    if arguments.metrics_port:
        metrics.serve(arguments.metrics_port, arguments.metrics_host)
    try:
        sink = Sink(load_settings())
        # Messages come by ten thousands and hold no cycles: looking for some costs more than landing them.
        gc.freeze()
        keep_freed()
        gc.set_threshold(_ALLOCATIONS, 100, 100)
        signal.signal(signal.SIGTERM, sink.stop)
        signal.signal(signal.SIGINT, sink.stop)
        log.info("sink %d runs as process %d", arguments.index, os.getpid())
        sink.run()
    except MeshError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
