"""The writer on librdkafka's mock cluster: partitions, timestamps, outages, and what waiting cannot mend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from aiokafka.errors import ProducerFenced
from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streams.engine import writer as module
from streams.engine.errors import EngineError
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.parking import Letter
from streams.engine.writer import MESSAGE_BYTES, Writer

TOPIC = "test.public.row.v1"
PARTITIONS = 4  # of every topic of the mock cluster


class FailedError(Exception):
    """The process would have ended."""


def fail(error: EngineError) -> NoReturn:
    """Stand in for the end of the process."""
    raise FailedError(str(error))


class Counting(Meter):
    """Counts what was written, and the waits."""

    def __init__(self) -> None:
        self.count = self.waits = 0

    def written(self, topic: str, records: int) -> None:
        """Add it."""
        self.count += records

    def waited(self, part: str) -> None:
        """Add one."""
        self.waits += 1


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """A mock cluster, which lives as long as its client."""
    client = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": ""})
    found = client.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in found)
    client.flush(1)


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    """A topic of the test's own."""
    return f"test.public.{request.node.name[:60]}.v1"


def run(brokers: str, work: Callable[[Writer], Awaitable[None]], meter: Meter | None = None) -> None:
    """Do some work with a writer, and close it."""

    async def whole() -> None:
        options = Options(brokers, Path("unused"), provisioning="`make topics`")
        writer = Writer("test", options, meter or Meter(), fail)
        try:
            await work(writer)
        finally:
            await writer.close()

    asyncio.run(whole())


def written(brokers: str, topic: str) -> list[Message]:
    """All that is in the topic, in the order of partitions."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "look", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found, ends = [], 0
    while ends < PARTITIONS:
        for message in consumer.consume(100, 1.0):
            if message.error() is None:
                found.append(message)
            else:
                ends += 1
    consumer.close()
    return sorted(found, key=lambda message: (message.partition(), message.offset()))


def test_rows_go_where_their_keys_say(brokers: str, topic: str) -> None:
    """As every publisher in any language puts them; with the moment of what caused them."""
    keys = [b"crm:%d" % number for number in range(40)]

    async def write(writer: Writer) -> None:
        await writer.rows(topic, None, [(key, b"row", 1_700_000_000_123) for key in keys])
        await writer.flush()

    run(brokers, write)
    messages = written(brokers, topic)
    assert {message.key(): message.partition() for message in messages} == {
        key: murmur2(key) % 2**31 % PARTITIONS for key in keys
    }
    assert {message.timestamp()[1] for message in messages} == {1_700_000_000_123}


def test_rows_and_entries_go_to_the_partition_given(brokers: str, topic: str) -> None:
    """In the order in which they were written; a dead letter with its headers, and counted as well."""
    meter = Counting()

    async def write(writer: Writer) -> None:
        await writer.rows(topic, 2, [(b"b", b"1", 1), (b"a", b"2", 1)])
        await writer.entries(topic, 3, [(b"b", b"3"), (b"a", b"4")])
        await writer.letters(topic, [Letter(None, None, [("mesh-code", b"undecodable")], "undecodable")])
        await writer.rows(topic, None, [])
        await writer.flush()

    run(brokers, write, meter)
    messages = written(brokers, topic)
    assert [(one.partition(), one.key(), one.value()) for one in messages] == [
        (0, None, None),
        (2, b"b", b"1"),
        (2, b"a", b"2"),
        (3, b"b", b"3"),
        (3, b"a", b"4"),
    ]
    assert messages[0].headers() == [("mesh-code", b"undecodable")]
    assert meter.count == len(messages)


def test_dead_letters_go_where_their_keys_say(brokers: str, topic: str) -> None:
    """Beside the records of the same keys that are parked behind them."""
    letters = [Letter(b"key %d" % number, b"bad", [("code", b"c")], "c") for number in range(20)]

    async def write(writer: Writer) -> None:
        await writer.letters(topic, letters)
        await writer.flush()

    run(brokers, write)
    messages = written(brokers, topic)
    assert {message.key(): message.partition() for message in messages} == {
        letter.key: murmur2(letter.key or b"") % 2**31 % PARTITIONS for letter in letters
    }


def test_a_row_that_no_broker_takes_ends_the_process(brokers: str, topic: str) -> None:
    """Waiting would not make it smaller."""

    async def write(writer: Writer) -> None:
        await writer.rows(topic, 0, [(b"key", b"x" * (MESSAGE_BYTES + 1), 1)])

    with pytest.raises(FailedError, match=rf"EngineError\[write-failed\] {topic}: .*8,388,608 is the most"):
        run(brokers, write)


def test_a_partition_that_is_not_there_ends_the_process(brokers: str, topic: str) -> None:
    """Before anything is sent."""

    async def write(writer: Writer) -> None:
        await writer.rows(topic, PARTITIONS + 3, [(b"key", b"row", 1)])

    with pytest.raises(FailedError, match=rf"EngineError\[write-failed\] {topic}: .*no partition 7, but 4"):
        run(brokers, write)


def test_much_at_once_is_waited_for(brokers: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is dropped, nothing is written twice, and all in order."""
    monkeypatch.setattr(module, "IN_FLIGHT_BYTES", 200)

    async def write(writer: Writer) -> None:
        for number in range(50):
            await writer.rows(topic, 0, [(b"key", b"%d-%d" % (number, row), 1) for row in range(5)])
            assert writer._bytes < 500
        await writer.flush()
        assert not writer._on_their_way

    run(brokers, write)
    values = [message.value() for message in written(brokers, topic)]
    assert values == [b"%d-%d" % (number, row) for number in range(50) for row in range(5)]


def test_a_sender_that_has_ended_is_not_waited_for(brokers: str, topic: str) -> None:
    """Nobody would ever send what is written after it."""

    async def write(writer: Writer) -> None:
        await writer.rows(topic, 0, [(b"key", b"row", 1)])
        await writer.flush()
        assert writer._producer is not None
        writer._producer._message_accumulator.fail_all(ProducerFenced())
        await writer.rows(topic, 0, [(b"key", b"row", 1)])

    with pytest.raises(FailedError, match=rf"EngineError\[write-failed\] {topic}: .*ProducerFenced"):
        run(brokers, write)


def test_a_broker_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """And each wait is told, so that somebody may notice."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    meter = Counting()

    async def write(writer: Writer) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.rows("away", 0, [(b"key", b"row", 1)]), 1)

    run("127.0.0.1:1", write, meter)
    assert meter.waits > 1


def test_a_topic_that_is_gone_is_not_waited_for(
    brokers: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the broker answers: nobody will ever take what is on its way."""
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)

    async def write(writer: Writer) -> None:
        await writer.rows(topic, 0, [(b"key", b"row", 1)])
        await writer.flush()
        assert writer._producer is not None
        cluster: Any = writer._producer.client.cluster
        monkeypatch.setattr(cluster, "leader_for_partition", lambda _partition: None)
        await writer.rows(topic, 0, [(b"key", b"row", 1)])
        monkeypatch.setattr(cluster, "partitions_for_topic", lambda _topic: None)
        await writer.flush()

    with pytest.raises(FailedError, match=rf"write-failed\] {topic}: .*does not know it"):
        run(brokers, write)
