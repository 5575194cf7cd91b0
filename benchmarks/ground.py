"""The broker that all engines are measured on: Kafka alone, empty at the start, gone at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from benchmarks.error import BenchmarkError
from benchmarks.shape import Record, Shape, Written
from mesh.kernel.broker import Broker, Place
from mesh.platform import broker, client, launch

# Records carry the moments of their orders, which no broker may take for old; what is written stays as it is.
_KEEP = {"retention.ms": "-1", "compression.type": "producer"}
_PUBLISHING = {
    "linger.ms": 50,
    "batch.size": 1 << 20,
    "queue.buffering.max.messages": 500_000,
    "acks": "all",
}
_POLL_EVERY = 5_000  # records
_READ = 10_000  # records at once
_PATIENCE = 60.0  # seconds
_TIMEOUT = 10.0  # seconds of one question


@contextmanager
def ground(home: Path, listener: launch.Listener) -> Iterator[Ground]:
    """A fresh broker under ``home``, stopped and deleted at the end whatever happens."""
    launch.down(purge=True, home=home)
    launch.up(only=[broker.NAME], home=home, listener=listener)
    try:
        part = client.part_status(broker.NAME, home)
        if part.pid is None:
            raise BenchmarkError("broker-lost", "ended as soon as it was ready", place=broker.NAME)
        yield Ground(part.address, part.pid, part.version)
    finally:
        launch.down(purge=True, home=home)


class Ground:
    """Topics on the benchmark's broker: filled with input, counted, read back."""

    def __init__(self, brokers: str, pid: int, version: str) -> None:
        self.brokers, self.pid, self.version = brokers, pid, version
        self._admin = AdminClient({"bootstrap.servers": brokers, "log_level": 2})  # the broker ends before it
        self._broker = Broker(brokers, "bench.harness", _TIMEOUT)
        self._filled: dict[str, int] = {}

    def fill(self, shape: Shape, rows: int) -> int:
        """Publish the input of ``rows`` rows unless it is there already; how many records were published."""
        published = 0
        dimensions = shape.dimension_topics()
        if not dimensions.keys() <= self._filled.keys():
            self.create(dimensions)
            published += self.publish(shape.dimensions())
            self._filled |= dict.fromkeys(dimensions, 0)
        facts = shape.fact_topics(rows)
        if any(self._filled.get(topic) != rows for topic in facts):
            self.delete(topic for topic in facts if topic in self._filled)
            self.create(facts)
            published += self.publish(shape.facts(rows))
            self._filled |= dict.fromkeys(facts, rows)
        return published

    def create(self, topics: Mapping[str, int]) -> None:
        """Make topics with these numbers of partitions, and return when all of these have leaders."""
        wanted = [NewTopic(topic, partitions, 1, config=_KEEP) for topic, partitions in topics.items()]
        for made in self._admin.create_topics(wanted).values() if wanted else ():
            made.result()
        _wait(lambda: self._led(topics), "topics have no leader", self.brokers)

    def _led(self, topics: Mapping[str, int]) -> bool:
        """Whether every partition of these topics has a leader: a busy broker takes a while."""
        known = self._admin.list_topics(timeout=30).topics
        return all(
            topic in known
            and len(known[topic].partitions) == partitions
            and all(one.leader >= 0 for one in known[topic].partitions.values())
            for topic, partitions in topics.items()
        )

    def delete(self, topics: Iterable[str]) -> None:
        """Delete topics, and return when the broker no longer knows them."""
        names = set(topics)
        if not names:
            return
        for gone in self._admin.delete_topics(list(names)).values():
            gone.result()
        _wait(lambda: not names & self.topics(), "deleted topics are still there", self.brokers)

    def forget(self, topics: Iterable[str]) -> None:
        """Delete input, so that it is made anew when it is asked for again."""
        names = list(topics)
        self.delete(names)
        for name in names:
            self._filled.pop(name, None)

    def topics(self) -> set[str]:
        """The names of all topics."""
        return set(self._admin.list_topics(timeout=30).topics)

    def publish(self, records: Iterable[Record]) -> int:
        """Publish records as fast as the broker takes them, in their order in each partition; how many."""
        producer, count = Producer({"bootstrap.servers": self.brokers, **_PUBLISHING}), 0
        for topic, partition, key, value, moment in records:
            while True:
                try:
                    producer.produce(topic, value, key, partition, timestamp=moment)
                    break
                except BufferError:
                    producer.poll(0.1)
            count += 1
            if not count % _POLL_EVERY:
                producer.poll(0)
        if left := producer.flush(_PATIENCE):
            raise BenchmarkError("broker-lost", f"{left} records were not taken", place=self.brokers)
        return count

    def sizes(self, topics: Mapping[str, int]) -> dict[Place, int]:
        """The end offset of every partition of these topics."""
        places = [
            Place(topic, number) for topic, partitions in topics.items() for number in range(partitions)
        ]
        return _patiently(lambda: self._broker.ends(places))

    def size(self, topic: str, partitions: int) -> int:
        """How many records a topic holds."""
        return sum(self.sizes({topic: partitions}).values())

    def committed(self, group: str, ends: Mapping[Place, int]) -> bool:
        """Whether a group has committed everything up to these end offsets."""
        asked = Broker(self.brokers, group, _TIMEOUT)
        found = _patiently(lambda: asked.committed(ends))
        return all(found.get(place, 0) >= end for place, end in ends.items())

    def read(self, topic: str, partitions: int) -> Iterator[Written]:
        """Every record of a topic that is there now."""
        ends = self.sizes({topic: partitions})
        left = sum(ends.values())
        consumer = Consumer(
            {
                "bootstrap.servers": self.brokers,
                "group.id": "bench.reader",
                "enable.auto.commit": False,
                "enable.partition.eof": False,
                "fetch.max.bytes": 50 << 20,
            }
        )
        consumer.assign([TopicPartition(*place, 0) for place in ends])
        try:
            while left > 0:
                messages = consumer.consume(min(left, _READ), _PATIENCE)
                if not messages:
                    raise BenchmarkError("broker-lost", f"{left} records cannot be read back", place=topic)
                for message in messages:
                    left -= 1
                    yield Written(message.partition(), message.key(), message.value())
        finally:
            consumer.close()


def _wait(done: Callable[[], bool], otherwise: str, brokers: str) -> None:
    """Return when it is done. Raises :class:`BenchmarkError` (``broker-lost``) when it takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise BenchmarkError("broker-lost", f"after {_PATIENCE:.0f} s {otherwise}", place=brokers)
        time.sleep(0.1)


def _patiently(ask: Callable[[], dict[Place, int]]) -> dict[Place, int]:
    """Ask again while the broker, busy or about to know a new topic, refuses to answer."""
    asking = Retrying(
        retry=retry_if_exception_type(KafkaException),
        wait=wait_fixed(0.5),
        stop=stop_after_delay(_PATIENCE),
        reraise=True,
    )
    return asking(ask)
