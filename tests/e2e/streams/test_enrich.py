"""The engine's ready join on a real broker: what every batch may hold, and what may happen in its middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from mesh.kernel.settings import load_settings
from streams.engine.avro.frame import Schema
from tests.e2e.streams.cluster import PARTITIONS, eventually, read_topic
from tests.e2e.streams.enriching import CUSTOMER, PRODUCT, PURCHASE, ROW
from tests.unit.streams.engine.avro.scenes import decode, encode

pytestmark = pytest.mark.real

_numbers = count(1)
Shown = tuple[str, str | None, str | None]
"""What a row says: note, name of the customer, title of the product."""


class Shop:
    """Topics, workers and rows of one test."""

    def __init__(self, kafka: str, folder: Path) -> None:
        self.kafka, self.folder = kafka, folder
        self.prefix = f"shop{next(_numbers)}"
        self.group = f"{self.prefix}.enriching"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.admin = AdminClient({"bootstrap.servers": kafka})
        # Idempotent for the order: a leader that does not know its new topic yet has records sent again.
        options = {"enable.idempotence": True, "message.max.bytes": 4 << 20}
        self._producer = Producer({"bootstrap.servers": kafka, **options})
        folder.mkdir()
        large = {"max.message.bytes": str(4 << 20)}
        names = dict.fromkeys(("purchase", "customer", "row"), PARTITIONS) | {"product": 1}
        dead = {f"{name}.dead": 1 for name in ("purchase", "customer", "product")}
        topics = [
            NewTopic(self.topic(name), partitions, 1, config=large)
            for name, partitions in (names | dead).items()
        ]
        for future in self.admin.create_topics(topics).values():
            future.result(30)

    def topic(self, name: str) -> str:
        """A topic of this test."""
        return f"{self.prefix}.{name}"

    def send(self, name: str, key: str | None, value: bytes | None, place: int | None = None) -> None:
        """Publish anything: to the key's partition, or to this one."""
        partition = sum(key.encode()) % PARTITIONS if place is None and key is not None else place or 0
        self._producer.produce(self.topic(name), value, key and key.encode(), partition)
        self._producer.poll(0)

    def buy(self, customer: str, product: int | None, note: str) -> None:
        """Publish a purchase."""
        self.send(
            "purchase", customer, record(PURCHASE, number=1, customer=customer, product=product, note=note)
        )

    def customer(self, name: str, title: str | None) -> None:
        """Publish a customer, or that there is none any more."""
        value = None if title is None else record(CUSTOMER, id=name, name=title)
        self.send("customer", name, value)

    def product(self, number: int, title: str | None) -> None:
        """Publish a product, or that there is none any more."""
        value = None if title is None else record(PRODUCT, id=number, title=title)
        self.send("product", str(number), value, 0)

    def flush(self) -> None:
        """Return when all is published."""
        assert self._producer.flush(60) == 0

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker; return when it has partitions."""
        before = self.log.read_text().count("entries recovered") if self.log.exists() else 0
        with self.log.open("ab") as log:
            home = self.folder / f"worker{len(self.workers)}"
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.streams.enriching", self.prefix, self.kafka, str(home)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self.workers.append(process)
        eventually(lambda: self.log.read_text().count("entries recovered") > before, self.log)
        return process

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All workers stopped where they are, for a moment."""
        living = [process for process in self.workers if process.poll() is None]
        for process in living:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in living:
                process.send_signal(signal.SIGCONT)

    @property
    def log(self) -> Path:
        """What the workers say."""
        return self.folder / "log"

    def committed(self) -> dict[int, int]:
        """Next offset of each partition of the purchases, as the group has committed it."""
        wanted = [TopicPartition(self.topic("purchase"), number) for number in range(PARTITIONS)]
        futures = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(self.group, wanted)])
        return {one.partition: max(one.offset, 0) for one in futures[self.group].result(30).topic_partitions}

    def shown(self) -> list[Shown]:
        """What the rows say, in the order of each partition."""
        rows = [decode(ROW.record, message.value()) for message in read_topic(self.kafka, self.topic("row"))]
        return [(row["note"], row["customer_name"], row["product_title"]) for row in rows]

    def dead(self, name: str) -> list[tuple[int, str]]:
        """Offset and code of each dead letter of a topic."""
        letters = [dict(one.headers()) for one in read_topic(self.kafka, self.topic(f"{name}.dead"))]
        return [(int(one["offset"]), one["code"].decode()) for one in letters]

    def await_rows(self, *rows: Shown) -> None:
        """Wait until the rows are these, in any order, once or more often."""
        eventually(lambda: set(self.shown()) == set(rows), self.log)


def record(schema: Schema, **fields: Any) -> bytes:
    """A framed record."""
    return encode(schema.record, fields, schema.id)


@pytest.fixture
def shop(broker_home: Path, tmp_path: Path) -> Iterator[Shop]:
    """One for each test; its workers are killed at the end."""
    shop = Shop(load_settings(home=broker_home).kafka, tmp_path / "shop")
    yield shop
    for process in shop.workers:
        process.kill()
        process.wait()


def test_facts_meet_what_was_published_before_them(shop: Shop) -> None:
    """Tables are read to their end first, by every new owner; what comes later is joined from then on."""
    shop.buy("ann", 1, "first")  # lies before the dimensions, and is joined after them
    shop.flush()
    shop.customer("ann", "Ann")
    shop.customer("bob", "Bob")
    shop.product(1, "Tea")
    shop.flush()
    worker = shop.start()
    shop.await_rows(("first", "Ann", "Tea"))
    shop.customer("ann", "Ann B.")
    shop.product(1, "Green tea")
    shop.customer("bob", None)
    shop.product(2, "Cup")
    shop.flush()
    time.sleep(1)
    shop.buy("ann", 1, "second")
    shop.buy("bob", 2, "gone")
    shop.buy("ann", None, "nothing")
    shop.buy("eve", 9, "nobody")
    shop.flush()
    known: list[Shown] = [
        ("first", "Ann", "Tea"),
        ("second", "Ann B.", "Green tea"),
        ("gone", None, "Cup"),
        ("nothing", "Ann B.", None),
        ("nobody", None, None),
    ]
    shop.await_rows(*known)
    worker.kill()
    worker.wait()
    shop.start()
    shop.buy("ann", 1, "third")
    shop.buy("bob", 1, "still gone")
    shop.flush()
    shop.await_rows(*known, ("third", "Ann B.", "Green tea"), ("still gone", None, "Green tea"))


@pytest.mark.parametrize("kernel", ["on", "off"])
def test_what_a_batch_may_hold(shop: Shop, monkeypatch: pytest.MonkeyPatch, kernel: str) -> None:
    """Poison, tombstones, a large record and one without a key, all in one batch: each parked in its place.

    The batch is that of a partition which is there when the worker starts. Without the kernel Python reads,
    joins and writes all of it.
    """
    monkeypatch.setenv("STREAMS_KERNEL", kernel)
    shop.customer("ann", "Ann")
    shop.send("customer", "bob", b"\0\0\0\0\x02\x7f")  # a text of 63 bytes that is not there
    shop.product(1, "Tea")
    shop.send("product", "2", b"junk", 0)
    for number in range(40):
        shop.buy("ann", 1, f"n{number}")
        if number == 10:
            shop.send("purchase", "ann", b"\0\0\0\0\x01\x02\x06ann")  # ends too soon
        if number == 20:
            shop.send("purchase", "ann", None)
            shop.send("purchase", None, b"", sum(b"ann") % PARTITIONS)
        if number == 30:
            shop.buy("ann", 1, "x" * (1 << 20))
            shop.send("purchase", "ann", b"\0\0\0\0\x63anything")
    shop.flush()
    shop.start()
    notes = [*(f"n{number}" for number in range(31)), "x" * (1 << 20), *(f"n{n}" for n in range(31, 40))]
    eventually(lambda: [note for note, _, _ in shop.shown()] == notes, shop.log)
    assert {row[1:] for row in shop.shown()} == {("Ann", "Tea")}
    assert shop.dead("purchase") == [
        (11, "undecodable"),
        (22, "undecodable"),
        (23, "key-mismatch"),
        (35, "schema-unknown"),
    ]
    assert shop.dead("customer") == [(0, "undecodable")]
    eventually(lambda: shop.dead("product") == [(1, "undecodable")], shop.log)
    eventually(lambda: max(shop.committed().values()) == 45, shop.log)


def test_a_publisher_may_compress(shop: Shop) -> None:
    """By each of Kafka's codecs: which one, if any, is the publisher's choice."""
    shop.customer("ann", "Ann")
    shop.flush()
    notes = {codec: codec * 200 for codec in ("gzip", "snappy", "lz4", "zstd")}  # short ones go uncompressed
    for codec, note in notes.items():
        publisher = Producer({"bootstrap.servers": shop.kafka, "compression.type": codec})
        value = record(PURCHASE, number=1, customer="ann", product=None, note=note)
        publisher.produce(shop.topic("purchase"), value, b"ann", sum(b"ann") % PARTITIONS)
        publisher.flush()
    shop.start()
    shop.await_rows(*((note, "Ann", None) for note in notes.values()))


def test_batches_may_be_empty(shop: Shop) -> None:
    """Transactions that were aborted, and the markers of others, leave offsets without records."""
    shop.customer("ann", "Ann")
    shop.flush()
    publisher = Producer({"bootstrap.servers": shop.kafka, "transactional.id": shop.prefix})
    publisher.init_transactions()
    place = sum(b"ann") % PARTITIONS
    for outcome in ("lost", "kept", "lost", "lost"):
        publisher.begin_transaction()
        value = record(PURCHASE, number=1, customer="ann", product=None, note=outcome)
        publisher.produce(shop.topic("purchase"), value, b"ann", place)
        publisher.flush()
        publisher.commit_transaction() if outcome == "kept" else publisher.abort_transaction()
    worker = shop.start()
    shop.await_rows(("kept", "Ann", None))
    shop.buy("ann", None, "later")
    shop.flush()
    shop.await_rows(("kept", "Ann", None), ("later", "Ann", None))
    assert worker.poll() is None
    assert shop.dead("purchase") == []


def test_commits_never_pass_a_row_that_is_not_written(shop: Shop) -> None:
    """Two workers that come and go in the middle of batches: at any moment what is committed has its rows."""
    shop.customer("ann", "Ann")
    shop.flush()
    names = ["ann", "bob", "cid", "eli"]
    assert {sum(name.encode()) % PARTITIONS for name in names} == set(range(PARTITIONS))
    shop.start()
    sent, left = 0, list[int]()
    for cycle in range(6):
        for _ in range(1_500):
            shop.buy(names[sent % 4], None, f"{names[sent % 4]} {sent // 4}")
            sent += 1
        shop.flush()
        if cycle % 2 == 0:
            shop.start()
        else:
            shop.workers[-2].kill()
            shop.workers[-2].wait()
        with shop.frozen():  # else what is committed would get its rows until these are read
            committed = shop.committed()
            written = {note for note, _, _ in shop.shown()}
        for name in names:
            done = committed[sum(name.encode()) % PARTITIONS]
            assert {f"{name} {number}" for number in range(done)} <= written
        left.append(sent - sum(committed.values()))
    assert sent > max(left) > 0  # it was looked at in mid-flow
    eventually(lambda: sum(shop.committed().values()) == sent, shop.log)
    rows = shop.shown()
    assert {note for note, _, _ in rows} == {f"{name} {n}" for name in names for n in range(sent // 4)}
    assert {(note.split()[0] == "ann", name) for note, name, _ in rows} == {(True, "Ann"), (False, None)}
