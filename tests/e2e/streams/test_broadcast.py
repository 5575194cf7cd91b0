"""Broadcast topics of a real broker are read to their ends, whatever becomes of the client that reads."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from mesh.kernel.settings import load_settings
from streams.engine import broadcast
from streams.engine.broadcast import BroadcastReader
from streams.engine.options import Options
from tests.e2e.streams.cluster import eventually

pytestmark = pytest.mark.real
TOPIC = "stands-still"


class EndError(Exception):
    """The test is over."""


class StandingStill(BroadcastReader):
    """Its first client stops in mid-flow, without a word, as librdkafka's may."""

    clients = 0
    ended = False

    def _run(self) -> None:
        with suppress(EndError):
            super()._run()

    def _follow(self, consumer: Consumer) -> None:
        self.clients += 1
        super()._follow(consumer)

    def _take(self, consumer: Consumer) -> bool:
        if self.ended:
            raise EndError
        found = super()._take(consumer)
        if found and self.clients == 1:
            consumer.pause(consumer.assignment())
        return found


def fail(problem: BaseException) -> NoReturn:
    """Stand in for the end of the process."""
    raise problem


def test_another_client_reads_on_where_one_stands_still(
    broker_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each record comes once, and as long as there is nothing to read the client stays."""
    monkeypatch.setattr(broadcast, "SILENCE", 0.5)
    monkeypatch.setattr(broadcast, "LATE", 0.5)
    monkeypatch.setattr(broadcast, "BATCH", 2)
    kafka = load_settings(home=broker_home).kafka
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
    reader = StandingStill([TOPIC], Options(kafka, tmp_path), fail)

    def publish(*values: str) -> None:
        for value in values:
            producer.produce(TOPIC, value, "key")
        producer.flush()

    def read() -> list[tuple[int, bytes | None]]:
        return [(record[0], record[3]) for _, record in reader.inbox]

    publish("a", "b", "c", "d", "e")
    deadline = time.monotonic() + 60
    reader.read_to_end(lambda: time.monotonic() > deadline)
    assert read() == list(enumerate([b"a", b"b", b"c", b"d", b"e"]))
    assert reader.clients == 2
    time.sleep(4 * broadcast.SILENCE)
    publish("f")
    eventually(lambda: read()[5:] == [(5, b"f")])
    assert reader.clients == 2
    reader.ended = True
