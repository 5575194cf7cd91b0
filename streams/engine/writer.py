"""Writes rows, changelog entries and dead letters: whole record batches through one idempotent producer.

The batches are encoded here and sent by aiokafka's producer, which numbers them, so that the broker takes
each once and in order however often it is sent, and tries again without end. A record has no object, no
callback and no thread of its own on the way: see :mod:`streams.engine.records`.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerClosed, UnknownTopicOrPartitionError

from streams.engine.connection import aiokafka_options
from streams.engine.errors import RETRY_SECONDS, EngineError
from streams.engine.fold import OutputRow
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.parking import Letter
from streams.engine.partitioning import by_key
from streams.engine.produce import encode_in_one_pass
from streams.engine.records import BATCH_BYTES, Record, batches

MESSAGE_BYTES = 8 << 20
"""The largest record that is written; an enriched record is larger than what it was made from."""
IN_FLIGHT_BYTES = 32 << 20
"""Bytes on their way above which a writer waits: bounds memory, not throughput."""
WAIT_SECONDS = 5.0
"""How often a wait for the broker is told, and its reason looked into."""
MISSING_WAITS = 3
"""Waits after which a topic that the broker does not know is taken to be gone."""

_log = logging.getLogger(__name__)


class Writer:
    """What is written is on the broker, acknowledged by all replicas, when :meth:`flush` returns.

    An outage is waited for without end. An error that waiting cannot mend (unknown topic, no access, a record
    too large, a fenced producer) goes to ``fail``, which does not return. Not safe for two at once.
    """

    def __init__(
        self, application: str, options: Options, meter: Meter, fail: Callable[[EngineError], NoReturn]
    ) -> None:
        self._application = application
        self._options = options
        self._meter = meter
        self._fail = fail
        self._producer: AIOKafkaProducer | None = None
        self._on_their_way: dict[asyncio.Future[Any], str] = {}
        self._bytes = 0
        self._error: EngineError | None = None

    async def rows(self, topic: str, partition: int | None, rows: Sequence[OutputRow]) -> None:
        """Write rows to a partition, or each by murmur2 of its key where that is None."""
        await self._write(topic, partition, rows)

    async def entries(self, topic: str, partition: int, entries: Sequence[tuple[bytes, bytes]]) -> None:
        """Write entries of a changelog."""
        await self._write(topic, partition, entries)

    async def letters(self, topic: str, letters: Sequence[Letter]) -> None:
        """Write dead letters, each by murmur2 of its key, or to the first partition if it has none."""
        now = _now()
        await self._write(
            topic, None, [(letter.key, letter.value, now, letter.headers) for letter in letters]
        )

    async def flush(self) -> None:
        """Return when everything is on the broker, however long the broker takes."""
        await self._wait(0)

    async def close(self) -> None:
        """Leave the broker, after a flush: what is still on its way is given up."""
        if self._producer is not None:
            self._producer._message_accumulator.fail_all(ProducerClosed())
            await self._producer.stop()
            self._producer = None

    async def _write(self, topic: str, partition: int | None, records: Sequence[Record]) -> None:
        if partition is not None:
            await self._send(topic, partition, records)
        elif records:
            for number, part in enumerate(by_key(records, await self._partitions(topic))):
                await self._send(topic, number, part)
        self._meter.written(topic, len(records))

    async def _send(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Queue records for a partition; they go out while the next ones are made."""
        count = await self._partitions(topic)
        if not 0 <= partition < count:
            self._fail(self._failure(topic, f"it has no partition {partition}, but {count} in all"))
        for batch in batches(records, _now()):
            if batch.size() > MESSAGE_BYTES:
                problem = f"a record of {batch.size():,} bytes, and {MESSAGE_BYTES:,} is the most"
                self._fail(self._failure(topic, problem))
            await self._wait(IN_FLIGHT_BYTES)
            assert self._producer is not None
            accumulator = self._producer._message_accumulator  # its public way waits for the batch before
            if accumulator._exception is not None:  # its sender has ended: nobody would ever send this
                self._fail(self._failure(topic, str(accumulator._exception)))
            future = accumulator._append_batch(batch, TopicPartition(topic, partition)).future
            future.add_done_callback(partial(self._arrived, topic, batch.size()))
            self._on_their_way[future] = topic
            self._bytes += batch.size()
            if batch.size() > BATCH_BYTES // 2:
                await asyncio.sleep(0)  # let the sender begin; what is small goes out together

    def _arrived(self, topic: str, size: int, future: asyncio.Future[Any]) -> None:
        del self._on_their_way[future]
        self._bytes -= size
        problem = None if future.cancelled() else future.exception()
        if problem is not None and self._error is None:
            self._error = self._failure(topic, str(problem) or type(problem).__name__)

    async def _wait(self, most: int) -> None:
        """Return when no more than so many bytes are on their way."""
        waited, missing = 0.0, 0
        while self._error is None and self._bytes > most:
            one = asyncio.FIRST_COMPLETED if most else asyncio.ALL_COMPLETED
            done, _ = await asyncio.wait(self._on_their_way, timeout=WAIT_SECONDS, return_when=one)
            if not done:
                waited += WAIT_SECONDS
                self._tell(waited)
                missing = missing + 1 if await self._gone() else 0
                if missing == MISSING_WAITS:
                    topic = next(iter(self._on_their_way.values()))
                    self._fail(self._failure(topic, "the broker does not know it"))
        if self._error is not None:
            self._fail(self._error)

    def _tell(self, seconds: float) -> None:
        self._meter.waited("broker")
        _log.warning(
            "%s: waiting for the broker to take records, for %d s now", self._application, round(seconds)
        )

    async def _gone(self) -> bool:
        """Whether the broker answers, and does not know a topic whose records are on their way."""
        assert self._producer is not None
        client = self._producer.client
        known = await client.force_metadata_update()
        topics = set(self._on_their_way.values())
        return bool(known) and any(not client.cluster.partitions_for_topic(topic) for topic in topics)

    async def _partitions(self, topic: str) -> int:
        """The number of partitions of a topic; asks the broker once."""
        if self._producer is None:
            self._producer = await self._connected()
        began = time.monotonic()
        while True:
            try:
                return len(await self._producer.partitions_for(topic))
            except UnknownTopicOrPartitionError:  # or the broker did not answer
                if await self._producer.client.force_metadata_update():
                    self._fail(self._failure(topic, "the broker does not know it"))
                self._tell(time.monotonic() - began)

    async def _connected(self) -> AIOKafkaProducer:
        began = time.monotonic()
        while True:
            producer = AIOKafkaProducer(
                client_id=self._application,
                enable_idempotence=True,
                acks="all",
                **aiokafka_options(self._options),
            )
            # Never give up on a batch: the input is not acknowledged before the output.
            producer._message_accumulator._batch_ttl = math.inf
            encode_in_one_pass(producer.client)
            try:
                await producer.start()
            except KafkaConnectionError:
                await producer.stop()
                await asyncio.sleep(RETRY_SECONDS)
                self._tell(time.monotonic() - began)
            except KafkaError as problem:
                await producer.stop()
                self._fail(self._failure(self._application, str(problem)))
            else:
                return producer

    def _failure(self, topic: str, problem: str) -> EngineError:
        return EngineError(
            "write-failed",
            f"the broker does not take a record: {problem}",
            place=topic,
            remedy=f"nothing was acknowledged; see that {self._options.provisioning} has run "
            "and that the record fits the topic",
        )


def _now() -> int:
    return time.time_ns() // 1_000_000
