"""A world for one test on a real broker: topics of its own, facts with their truth, workers to kill."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from mesh.kernel.names import TopicName, changelog
from mesh.platform.paths import Paths
from tests.e2e.streams.counting import STORE, topics

PARTITIONS = 4
PATIENCE = 180.0  # seconds


class Row(NamedTuple):
    """What a row says: number of elements, revision of the group."""

    elements: int
    revision: int


class Batch(NamedTuple):
    """A batch that a worker has folded: the offsets of its first and last record, and how many there were."""

    topic: str
    partition: int
    first: int
    last: int
    records: int


class World:
    """Topics, truth and workers of one test."""

    def __init__(self, kafka: str, prefix: str, home: Path) -> None:
        self.kafka, self.prefix, self.home = kafka, prefix, home
        self.topics = topics(prefix)
        self.group = f"{prefix}.counting"
        self.changelog = changelog(self.group, STORE)
        self.sets: defaultdict[bytes, set[str]] = defaultdict(set)
        self.revisions: dict[str, int] = {}
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self._options: dict[int, tuple[str, ...]] = {}
        self._producer = Producer({"bootstrap.servers": kafka, "linger.ms": 2, "message.max.bytes": 4 << 20})
        self.admin = AdminClient({"bootstrap.servers": kafka})
        home.mkdir(parents=True, exist_ok=True)

    def create_topics(self, **config: dict[str, str]) -> None:
        """Create the topics; ``config`` by short name."""
        large = {"max.message.bytes": str(4 << 20)}
        wanted = [
            NewTopic(topic, 1 if name == "group" else PARTITIONS, 1, config=large | config.get(name, {}))
            for name, topic in self.topics.items()
        ]
        wanted += [
            NewTopic(self.dead(name), PARTITIONS, 1, config=large) for name in ("fact", "more", "group")
        ]
        compact = {"cleanup.policy": "compact"}
        compact |= config.get("changelog", {})
        wanted.append(NewTopic(self.changelog, PARTITIONS, 1, config=large | compact))
        for future in self.admin.create_topics(wanted).values():
            future.result(30)

    def dead(self, name: str) -> str:
        """The dead letters of a topic."""
        return str(TopicName.parse(self.topics[name]).dead)

    # -- facts

    def add(self, key: str, element: str, topic: str = "fact", padding: bytes = b"") -> None:
        """Publish an element of a set, and remember it."""
        raw = key.encode()
        self.sets[raw].add(element)
        value = element.encode() + (b"\n" + padding if padding else b"")
        self._send(self.topics[topic], raw, value)

    def revise(self, group: str, revision: int) -> None:
        """Publish a revision of a group, and remember it."""
        self.revisions[group] = max(revision, self.revisions.get(group, 0))
        self._send(self.topics["group"], group.encode(), f"{group}:{revision}".encode(), 0)

    def send(self, name: str, key: bytes | None, value: bytes | None, partition: int | None = None) -> None:
        """Publish anything."""
        self._send(self.topics[name], key, value, partition)

    def _send(self, topic: str, key: bytes | None, value: bytes | None, partition: int | None = None) -> None:
        place = (key or b"0")[-1] % PARTITIONS if partition is None else partition
        self._producer.produce(topic, value, key, place)
        self._producer.poll(0)

    def flush(self) -> None:
        """Return when all is published."""
        assert self._producer.flush(60) == 0

    # -- workers

    def start(self, index: int = 1, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker, or start it again with the options that it had."""
        self._options.setdefault(index, options)
        command = [sys.executable, "-m", "tests.e2e.streams.counting"]
        with self.log(index).open("ab") as log:
            self.workers[index] = subprocess.Popen(
                [*command, self.prefix, self.kafka, str(self.home), str(index), *self._options[index]],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        return self.workers[index]

    def log(self, index: int = 1) -> Path:
        """Where a worker writes what it does."""
        return self.home / f"worker-{index}.log"

    def recoveries(self, index: int = 1) -> int:
        """How often a worker has been made ready."""
        log = self.log(index)
        return log.read_text().count("entries recovered") if log.exists() else 0

    def start_ready(self, index: int = 1, *options: str) -> None:
        """Start a worker and return when it owns partitions."""
        before = self.recoveries(index)
        self.start(index, *options)
        eventually(lambda: self.recoveries(index) > before, self.log(index))

    def kill(self, index: int = 1) -> None:
        """End a worker as a power cut would."""
        self.workers[index].kill()
        self.workers[index].wait()

    def stop(self, index: int = 1) -> int:
        """Ask a worker to end; return its exit code."""
        self.workers[index].send_signal(signal.SIGTERM)
        return self.workers[index].wait(30)

    def freeze(self, index: int) -> None:
        """Hold a worker still; it does not know."""
        self.workers[index].send_signal(signal.SIGSTOP)

    def wake(self, index: int) -> None:
        """Let a frozen worker go on."""
        self.workers[index].send_signal(signal.SIGCONT)

    def hold(self, index: int) -> None:
        """Hold a worker in the middle of the next batch that it folds; its connections stay alive."""
        (self.home / f"held-{index}").touch()

    def release(self, index: int) -> None:
        """Let a worker that is held go on."""
        (self.home / f"held-{index}").unlink()

    def folding(self, index: int) -> bool:
        """Whether a worker has begun to fold a batch."""
        return "folds " in self.log(index).read_text()

    def folded(self, *indexes: int) -> list[Batch]:
        """The batches that workers have folded to their ends."""
        said = "".join(self.log(index).read_text() for index in indexes)
        found = re.findall(r"folded (\S+) (\d+) from (\d+) to (\d+): (\d+)\n", said)
        return sorted(Batch(topic, *map(int, numbers)) for topic, *numbers in found)

    def owned(self, index: int) -> set[int]:
        """The partitions that a worker got last, and has made ready."""
        return set(
            map(int, self.log(index).read_text().rsplit("partitions [", 1)[1].split("]")[0].split(","))
        )

    def rebalancing(self) -> bool:
        """Whether the group waits for its members to give up their partitions."""
        return self._state() == ConsumerGroupState.PREPARING_REBALANCING

    def _state(self) -> ConsumerGroupState:
        state: ConsumerGroupState = (
            self.admin.describe_consumer_groups([self.group])[self.group].result(30).state
        )
        return state

    def revive(self) -> int:
        """Start again what has ended by itself; return how many had."""
        ended = [index for index, process in self.workers.items() if process.poll() is not None]
        for index in ended:
            self.start(index)
        return len(ended)

    def stop_all(self) -> None:
        """Leave nothing running."""
        for process in self.workers.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()

    # -- what came out

    def read(self, topic: str) -> list[Message]:
        """All records of a topic, partition by partition."""
        return list(read_topic(self.kafka, topic))

    def rows(self, after: dict[int, int] | None = None) -> dict[bytes, Row]:
        """The greatest row of each key, of the rows from these offsets on."""
        best: dict[bytes, Row] = {}
        for message in self.read(self.topics["row"]):
            if after is None or message.offset() >= after[message.partition()]:
                row = Row(*map(int, message.value().split()))
                best[message.key()] = max(row, best.get(message.key(), row))
        return best

    def truth(self) -> dict[bytes, Row]:
        """What the greatest row of each key must be."""
        return {
            key: Row(len(elements), self.revisions.get(chr(key[-1]), 0))
            for key, elements in self.sets.items()
        }

    def recovered_truth(self) -> dict[bytes, Row]:
        """The greatest row of each key after a known element of each is published once more."""
        before = self.ends(self.topics["row"])
        for key, elements in self.sets.items():
            self._send(self.topics["fact"], key, min(elements).encode())
        self.settle()
        return self.rows(before)

    def ends(self, topic: str) -> dict[int, int]:
        """Offset after the last record of each partition."""
        return _ends(self.kafka, topic)

    def committed(self, topic: str) -> dict[int, int]:
        """The group's committed offsets."""
        wanted = [TopicPartition(topic, partition) for partition in self.ends(topic)]
        futures = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(self.group, wanted)])
        try:
            found = futures[self.group].result(30).topic_partitions
        except KafkaException as problem:
            if problem.args[0].code() != KafkaError.COORDINATOR_LOAD_IN_PROGRESS:
                raise
            return {}  # a broker that has just started does not know yet
        return {one.partition: max(one.offset, 0) for one in found}

    def read_again(self) -> None:
        """Have the next worker read all facts from their beginnings, once the last one has left."""
        eventually(lambda: self._state() == ConsumerGroupState.EMPTY)
        places = [
            TopicPartition(self.topics[name], number, 0)
            for name in ("fact", "more")
            for number in range(PARTITIONS)
        ]
        request = ConsumerGroupTopicPartitions(self.group, places)
        self.admin.alter_consumer_group_offsets([request])[self.group].result(30)

    def settle(self, *names: str) -> None:
        """Return when the workers have committed all that was published."""
        self.flush()
        for name in names or ("fact", "more"):
            eventually(partial(self._settled, self.topics[name]), self.log())

    def _settled(self, topic: str) -> bool:
        return self.committed(topic) == self.ends(topic)


def eventually(holds: Callable[[], bool], log: Path | None = None) -> None:
    """Wait until a condition holds; show the end of a log when it does not."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come to hold; {log and log.read_text()[-4000:]}")
        time.sleep(0.1)


class Stored(NamedTuple):
    """A batch in a segment of the broker."""

    base: int
    last: int
    records: int


def stored(broker_home: Path, topic: str, partition: int) -> list[Stored]:
    """The batches of a partition as they lie on the broker's disk, and as it sends them."""
    found, folder = [], Paths.of(broker_home).data("broker") / "data" / f"{topic}-{partition}"
    for segment in sorted(folder.glob("*.log")):
        data, at = segment.read_bytes(), 0
        while at + 61 <= len(data):
            base, length = struct.unpack_from(">qi", data, at)
            if not length:  # space that is set aside
                break
            (delta,), (records,) = (
                struct.unpack_from(">i", data, at + 23),
                struct.unpack_from(">i", data, at + 57),
            )
            found.append(Stored(base, base + delta, records))
            at += 12 + length
    return found


def _consumer(kafka: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "look",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )


def _ends(kafka: str, topic: str) -> dict[int, int]:
    consumer = _consumer(kafka)
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        return {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)[1]
            for number in partitions
        }
    finally:
        consumer.close()


def read_topic(kafka: str, topic: str) -> Iterator[Message]:
    """All records of a topic, partition by partition."""
    consumer = _consumer(kafka)
    try:
        left = set(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, 0) for number in left])
        while left:
            for message in consumer.consume(10_000, 0.1):  # it waits so long for more, though all have ended
                if message.error() is None:
                    yield message
                else:
                    left.discard(message.partition())
    finally:
        consumer.close()
