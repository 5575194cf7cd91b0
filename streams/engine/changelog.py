"""Reads partitions of a changelog or table back, in batches, from remembered offsets to their ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.engine.connection import NOT_ALLOWED, aiokafka_options, forbidden
from streams.engine.errors import RETRY_SECONDS
from streams.engine.fold import Fetched
from streams.engine.options import Options
from streams.engine.transport.fetched import take_over

RECORDS = 2_000
"""Records taken at once: some ten milliseconds, in which nothing else flows."""
FETCH_BYTES = 4 << 20
WAIT_MS = 200
"""How often somebody is asked whether to go on."""

_log = logging.getLogger(__name__)


async def read(
    options: Options, topic: str, positions: Mapping[int, int], cancelled: Callable[[], bool]
) -> AsyncIterator[tuple[int, list[Fetched], int]]:
    """All records of some partitions (number -> first offset) up to their ends of now, in pieces.

    Yields the partition, its next records, and the offset to read on from; at the end once without records,
    since that may lie behind a gap. Other tasks run between two pieces. Waits for a broker that does not
    answer, and stops early when ``cancelled``. Raises :class:`~streams.engine.errors.EngineError` where
    reading is not allowed.
    """
    consumer = await _connected(options, topic, cancelled)
    if consumer is None:
        return
    try:
        take_over(consumer, {topic})
        left = [TopicPartition(topic, number) for number in positions]
        consumer.assign(left)
        for partition in left:
            consumer.seek(partition, positions[partition.partition])
        ends = await _ends(consumer, left, cancelled)
        while left and not cancelled():
            found = await consumer.getmany(*left, timeout_ms=WAIT_MS, max_records=RECORDS)
            for partition, records in found.items():
                yield partition.partition, records, records[-1][0] + 1
                await asyncio.sleep(0)
            for partition in list(left):
                position = await _position(consumer, partition)
                if position is not None and position >= ends[partition]:
                    left.remove(partition)
                    yield partition.partition, [], position
    except NOT_ALLOWED as problem:
        raise forbidden(topic, str(problem)) from None
    finally:
        await consumer.stop()


async def _connected(options: Options, topic: str, cancelled: Callable[[], bool]) -> AIOKafkaConsumer | None:
    """A consumer that belongs to no group; None when ``cancelled``."""
    while not cancelled():
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # compaction may have taken the remembered offset away
            isolation_level="read_committed",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=FETCH_BYTES,
            **aiokafka_options(options),
        )
        try:
            await consumer.start()
        except KafkaConnectionError as problem:
            await consumer.stop()
            _log.warning("%s: %s; waiting", topic, problem)
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return consumer
    return None


async def _position(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
    """The offset to read on from; None while the broker is asked for the first one that it has."""
    try:
        return int(await asyncio.wait_for(consumer.position(partition), WAIT_MS / 1000))
    except TimeoutError:
        return None


async def _ends(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], cancelled: Callable[[], bool]
) -> Mapping[TopicPartition, int]:
    """The offset after the last record of each; nothing when ``cancelled``."""
    while not cancelled():
        try:
            ends: Mapping[TopicPartition, int] = await consumer.end_offsets(partitions)
        except NOT_ALLOWED:
            raise
        except KafkaError as problem:
            _log.warning("%s: %s; waiting", partitions[0].topic, problem)
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return ends
    return {}
