"""Reads partitions of changelogs and tables back, in batches, from remembered offsets to their ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.engine.connection import NOT_ALLOWED, aiokafka_options, forbidden
from streams.engine.errors import RETRY_SECONDS
from streams.engine.fold import Fetched
from streams.engine.options import Options
from streams.engine.transport.fetched import take_over

RECORDS = 2_000
"""Records taken at once: some ten milliseconds."""
SLICE_SECONDS = 0.05
"""How long other tasks wait at the most. They get a turn of their own, which lasts about as long: what flows
must not stand still, and what is read back is waited for."""
FETCH_BYTES = 4 << 20
WAIT_MS = 200
"""How often somebody is asked whether to go on."""

_log = logging.getLogger(__name__)
T = TypeVar("T")


class ChangelogReader:
    """A consumer that belongs to no group. Waits for a broker that does not answer, until ``cancelled``."""

    def __init__(self, options: Options, cancelled: Callable[[], bool]) -> None:
        self._options = options
        self.cancelled = cancelled
        self._consumer: AIOKafkaConsumer | None = None
        self._topics: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._consumer is not None:
            await self._consumer.stop()

    async def read(self, topic: str, number: int, position: int) -> AsyncIterator[tuple[list[Fetched], int]]:
        """All records of a partition from an offset up to its end of now, in pieces.

        Yields the next records and the offset to read on from; at the end once without records, since that
        may lie behind a gap. Other tasks run between some pieces. Stops early when cancelled. Raises
        :class:`~streams.engine.errors.EngineError` where reading is not allowed.
        """
        partition = TopicPartition(topic, number)
        try:
            consumer = await self._patiently(topic, self._connected)
            if consumer is None:
                return
            self._topics.add(topic)
            consumer.assign([partition])
            consumer.seek(partition, position)
            ends = await self._patiently(topic, lambda: consumer.end_offsets([partition]))
            turn = time.monotonic()
            while ends is not None and position < ends[partition] and not self.cancelled():
                found = await consumer.getmany(timeout_ms=WAIT_MS, max_records=RECORDS)
                for records in found.values():
                    position = records[-1][0] + 1
                    yield records, position
                if time.monotonic() - turn > SLICE_SECONDS:
                    await asyncio.sleep(0)
                    turn = time.monotonic()
                if not found:  # the end may lie behind a gap
                    position = await self._position(partition, position)
            if not self.cancelled():
                yield [], position
        except NOT_ALLOWED as problem:
            raise forbidden(topic, str(problem)) from None

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                enable_auto_commit=False,
                auto_offset_reset="earliest",  # compaction may have taken the remembered offset away
                isolation_level="read_committed",
                fetch_max_wait_ms=50,
                max_partition_fetch_bytes=FETCH_BYTES,
                **aiokafka_options(self._options),
            )
            try:
                await consumer.start()
            except KafkaConnectionError:
                await consumer.stop()
                raise
            take_over(consumer, self._topics)
            self._consumer = consumer
        return self._consumer

    async def _position(self, partition: TopicPartition, position: int) -> int:
        """The offset to read on from; as before while the broker is asked for the first one that it has."""
        assert self._consumer is not None
        try:
            return int(await asyncio.wait_for(self._consumer.position(partition), WAIT_MS / 1000))
        except TimeoutError:
            return position

    async def _patiently(self, topic: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        """The answer, however long it takes; None when cancelled."""
        while not self.cancelled():
            try:
                return await ask()
            except NOT_ALLOWED:
                raise
            except KafkaError as problem:
                _log.warning("%s: %s; waiting", topic, problem)
                await asyncio.sleep(RETRY_SECONDS)
        return None
