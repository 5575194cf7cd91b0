"""How long an engine takes from an order to its row, at a steady rate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.engine import Engine
from benchmarks.ground import Ground
from benchmarks.measure import Place, clear, start
from benchmarks.processes import Tree
from benchmarks.result import Latency
from benchmarks.shape import PARTITIONS, Live
from mesh.kernel import clock

WARM_UP, MEASURED = 15.0, 30.0  # seconds
LATE = 10.0  # seconds after the last order
_START = 90.0  # seconds until the first row must be out
_AT_ONCE = 200  # records that are published between two looks at the output


def observe(
    engine: Engine, shape: Live, rate: int, ground: Ground, place: Place, threads: int = 1
) -> Latency:
    """Publish ``rate`` rows a second for three quarters of a minute, and time the rows of the last 30.

    A row's time runs from the moment in its order, which is when it was handed to the producer, until a
    consumer has it.
    """
    topics = shape.fact_topics(0)
    ground.fill(shape, 0)
    tree = start(engine, shape, 0, ground, place, threads)
    try:
        with _wire(ground, place) as (producer, consumer):
            return _timed(_Wire(shape, producer, consumer, tree), rate)
    finally:
        tree.end()
        clear(ground, place)
        ground.forget(topics)


class _Wire:
    """Orders in and rows out, with the delay of each row."""

    def __init__(self, shape: Live, producer: Producer, consumer: Consumer, tree: Tree) -> None:
        self._shape, self._producer, self._consumer, self._tree = shape, producer, consumer, tree
        self._number = 0
        self.due = 0
        """Rows that must come of what was published."""
        self.came = 0
        self.delays: list[float] = []
        self.counted_from = 0
        """Only orders from this moment (microseconds) on are timed."""

    def publish(self) -> None:
        """One more order, placed now."""
        record = self._shape.live(self._number, _now())
        self._producer.produce(record.topic, record.value, record.key, record.partition)
        self.due += self._shape.rows_of(self._number)
        self._number += 1

    def collect(self, patience: float) -> None:
        """Take all rows that are there; wait at most ``patience`` seconds for the first."""
        self._producer.poll(0)
        message = self._consumer.poll(patience)
        while message is not None:
            if message.error() is None:
                now = _now()
                moment = self._shape.moment_of(message.value())
                self.came += 1
                if self.counted_from and moment >= self.counted_from:
                    self.delays.append((now - moment) / 1e6)
            message = self._consumer.poll(0)


def _timed(wire: _Wire, rate: int) -> Latency:
    """Warm up, measure, and wait for what is late."""
    wire.publish()
    patience = time.monotonic() + _START
    while not wire.came and time.monotonic() < patience:  # the engine has started when its first row is out
        wire.collect(0.1)
    first = wire.due
    begun = time.monotonic()
    while (elapsed := time.monotonic() - begun) < WARM_UP + MEASURED:
        if elapsed >= WARM_UP and not wire.counted_from:
            wire.counted_from = _now()
        wanted = first + int(elapsed * rate)
        for _ in range(_AT_ONCE):
            if wire.due >= wanted:
                break
            wire.publish()
        wire.collect(0.001)
    late = time.monotonic() + LATE
    while wire.came < wire.due and time.monotonic() < late:
        wire.collect(0.1)
    return Latency.of(rate, wire.delays, kept_up=wire.came >= wire.due)


def _now() -> int:
    """The present moment in microseconds."""
    return int(clock.now_seconds() * 1e6)


@contextmanager
def _wire(ground: Ground, place: Place) -> Iterator[tuple[Producer, Consumer]]:
    """A producer and a consumer set up to add as little as they can.

    With few requests under way at once, a broker that is busy gets larger ones, not more of them.
    """
    producer = Producer(
        {
            "bootstrap.servers": ground.brokers,
            "linger.ms": 2,
            "acks": "all",
            "max.in.flight.requests.per.connection": 2,
        }
    )
    consumer = Consumer(
        {
            "bootstrap.servers": ground.brokers,
            "group.id": "bench.latency",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
            "fetch.min.bytes": 1,
        }
    )
    consumer.assign([TopicPartition(place.out, partition, 0) for partition in range(PARTITIONS)])
    try:
        yield producer, consumer
    finally:
        producer.flush(10)
        consumer.close()
