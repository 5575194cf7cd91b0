"""The engine's writer on a real broker: each record once and in order, and clear refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import pytest
from confluent_kafka import Message
from confluent_kafka.admin import NewTopic

from mesh.platform import client
from streams.engine import writer as module
from streams.engine.errors import EngineError
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.writer import Writer
from tests.e2e.streams.cluster import World

pytestmark = pytest.mark.real


class FailedError(Exception):
    """The process would have ended."""


def fail(error: EngineError) -> NoReturn:
    """Stand in for the end of the process."""
    raise FailedError(str(error))


def run(world: World, work: Callable[[Writer], Awaitable[None]]) -> None:
    """Do some work with a writer, and close it."""

    async def whole() -> None:
        writer = Writer("test", Options(world.kafka, Path("unused")), Meter(), fail)
        try:
            await work(writer)
        finally:
            await asyncio.wait_for(writer.close(), 10)

    asyncio.run(whole())


def create(world: World, name: str, **config: str) -> str:
    """A topic with one partition."""
    topic = f"{world.prefix}.public.{name}.v1"
    world.admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result(30)
    return topic


def test_a_broker_killed_in_mid_flow_gets_each_record_once(world: World, broker_home: Path) -> None:
    """Batches are sent again under the same numbers: none is lost, doubled or out of order."""
    topic = create(world, "steady")

    async def write(writer: Writer) -> None:
        for number in range(40):
            rows = [(b"key", b"%d" % (number * 1_000 + row), 1_700_000_000_000) for row in range(1_000)]
            await writer.rows(topic, 0, rows)
            await asyncio.sleep(0.01)
            if number == 10:
                await asyncio.to_thread(client.stop_part, "broker", broker_home)
            if number == 20:
                await asyncio.to_thread(client.start_part, "broker", broker_home)
        await writer.flush()

    run(world, write)
    values = [int(str(message.value(), "ascii")) for message in world.read(topic)]
    assert values == list(range(40_000))


def test_what_the_broker_refuses_ends_the_process(world: World) -> None:
    """The error comes with the broker's answer, and before the flush returns."""
    topic = create(world, "narrow", **{"max.message.bytes": "1000"})

    async def write(writer: Writer) -> None:
        await writer.rows(topic, 0, [(b"key", b"x" * 5_000, 1)])
        await writer.flush()

    with pytest.raises(FailedError, match=rf"EngineError\[write-failed\] {topic}: .*MessageSizeTooLarge"):
        run(world, write)


def test_a_topic_that_was_deleted_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the broker answers: nobody will ever take what is on its way."""
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.5)
    topic = create(world, "gone")

    async def write(writer: Writer) -> None:
        await writer.rows(topic, 0, [(b"key", b"row", 1)])
        await writer.flush()
        world.admin.delete_topics([topic])[topic].result(30)
        for _ in range(100):  # the broker may still take some
            await writer.rows(topic, 0, [(b"key", b"row", 1)])
            await writer.flush()
            await asyncio.sleep(0.1)

    with pytest.raises(FailedError, match=rf"EngineError\[write-failed\] {topic}: .*does not know it"):
        run(world, write)


def test_rows_of_many_batches_are_read_by_everybody(world: World) -> None:
    """Java wrote the log, librdkafka reads it: keys, values and timestamps of more than one batch."""
    topic = create(world, "large")
    rows = [(b"key %d" % row, b"v" * (row % 500), 1_700_000_000_000 + row) for row in range(20_000)]

    async def write(writer: Writer) -> None:
        await writer.rows(topic, None, rows)
        await writer.flush()

    run(world, write)
    messages: list[Message] = world.read(topic)
    assert [(one.key(), one.value(), one.timestamp()[1]) for one in messages] == rows
