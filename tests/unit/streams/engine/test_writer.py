"""The writer on librdkafka's mock cluster: partitions, timestamps, and errors that waiting cannot mend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from schemas import wire
from streams.engine import writer as module
from streams.engine.errors import EngineError
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.writer import MESSAGE_BYTES, Writer
from tests.unit.streams.engine.parts import OPTIONS

TOPIC = "test.public.row.v1"
PARTITIONS = 4  # of every topic of the mock cluster


class FailedError(Exception):
    """The process would have ended."""


def fail(error: EngineError) -> NoReturn:
    """Stand in for the end of the process."""
    raise FailedError(str(error))


@pytest.fixture(autouse=True)
def mock_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every writer has a mock cluster of its own."""

    def connection(_options: Options, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "test.mock.num.brokers": 1, "bootstrap.servers": ""}

    monkeypatch.setattr(module, "connection", connection)


@pytest.fixture
def writer() -> Writer:
    """A writer."""
    return Writer("test", OPTIONS, Meter(), fail)


def written(writer: Writer) -> list[Message]:
    """All that is on the mock cluster, in the order of partitions."""
    brokers = writer._producer.list_topics(timeout=10).brokers.values()
    consumer = Consumer(
        {
            "bootstrap.servers": ",".join(f"{broker.host}:{broker.port}" for broker in brokers),
            "group.id": "look",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(TOPIC, number, 0) for number in range(PARTITIONS)])
    found, ends = [], 0
    while ends < PARTITIONS:
        for message in consumer.consume(100, 1.0):
            if message.error() is None:
                found.append(message)
            else:
                ends += 1
    consumer.close()
    return sorted(found, key=lambda message: (message.partition(), message.offset()))


def test_rows_go_where_their_keys_say(writer: Writer) -> None:
    """As every publisher in any language puts them; with the moment of what caused them."""
    keys = [b"crm:%d" % number for number in range(40)]

    async def write() -> None:
        await writer.rows(TOPIC, None, [(key, b"row", 1_700_000_000_123) for key in keys])
        await writer.flush()

    asyncio.run(write())
    messages = written(writer)
    assert {message.key(): message.partition() for message in messages} == {
        key: wire.partition(key, PARTITIONS) for key in keys
    }
    assert {message.timestamp()[1] for message in messages} == {1_700_000_000_123}


def test_rows_and_entries_go_to_the_partition_given(writer: Writer) -> None:
    """In the order in which they were written; a dead letter with its headers."""

    async def write() -> None:
        await writer.rows(TOPIC, 2, [(b"b", b"1", 1), (b"a", b"2", 1)])
        await writer.entries(TOPIC, 3, [(b"b", b"3"), (b"a", b"4")])
        await writer.record(TOPIC, 1, None, None, [("mesh-code", b"undecodable")])
        await writer.flush()

    asyncio.run(write())
    messages = written(writer)
    assert [(one.partition(), one.key(), one.value()) for one in messages] == [
        (1, None, None),
        (2, b"b", b"1"),
        (2, b"a", b"2"),
        (3, b"b", b"3"),
        (3, b"a", b"4"),
    ]
    assert messages[0].headers() == [("mesh-code", b"undecodable")]


def test_a_row_that_no_broker_takes_ends_the_process(writer: Writer) -> None:
    """Waiting would not make it smaller."""
    rows = [(b"key", b"x" * (MESSAGE_BYTES + 1), 1)]
    with pytest.raises(
        FailedError, match=r"EngineError\[write-failed\] test.public.row.v1: .*MSG_SIZE_TOO_LARGE"
    ):
        asyncio.run(writer.rows(TOPIC, 0, rows))


def test_a_record_that_the_broker_refuses_ends_the_process(writer: Writer) -> None:
    """The error comes with the delivery report, and before the flush returns."""

    async def write() -> None:
        await writer.rows(TOPIC, PARTITIONS + 3, [(b"key", b"row", 1)])
        await writer.flush()

    with pytest.raises(FailedError, match=r"EngineError\[write-failed\] test.public.row.v1"):
        asyncio.run(write())


def test_a_full_queue_is_waited_for(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is dropped and nothing is written twice."""
    monkeypatch.setattr(module, "IN_FLIGHT", 10)

    async def write() -> None:
        for number in range(50):
            await writer.rows(TOPIC, 0, [(b"key", b"%d-%d" % (number, row), 1) for row in range(5)])
        await writer.flush()

    asyncio.run(write())
    values = [message.value() for message in written(writer)]
    assert values == [b"%d-%d" % (number, row) for number in range(50) for row in range(5)]


class Counting(Meter):
    """Counts what was handed to the producer."""

    def __init__(self) -> None:
        self.count = 0

    def written(self, topic: str, records: int) -> None:
        """Add it."""
        self.count += records


def test_what_finds_the_queue_full_is_written_and_counted_once() -> None:
    """Rows, entries and dead letters alike, each behind the one before."""
    meter = Counting()
    writer = Writer("test", replace(OPTIONS, producer={"queue.buffering.max.messages": 4}), meter, fail)

    async def write() -> None:
        await writer.rows(TOPIC, 0, [(b"key", b"row %d" % row, 1) for row in range(6)])
        await writer.entries(TOPIC, 0, [(b"key", b"entry %d" % entry) for entry in range(6)])
        for letter in range(6):
            await writer.record(TOPIC, 0, b"key", b"letter %d" % letter, [])
        await writer.flush()

    asyncio.run(write())
    wanted = [b"%s %d" % (kind, number) for kind in (b"row", b"entry", b"letter") for number in range(6)]
    assert [message.value() for message in written(writer)] == wanted
    assert meter.count == len(wanted)
