"""Writes rows, changelog entries and dead letters through one idempotent librdkafka producer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from confluent_kafka import KafkaError, KafkaException, Producer

from streams.engine.connection import connection
from streams.engine.errors import EngineError
from streams.engine.fold import OutputRow
from streams.engine.meter import Meter
from streams.engine.options import Options

MESSAGE_BYTES = 8 << 20
"""The largest record this producer takes; an enriched record is larger than what it was made from."""
IN_FLIGHT = 100_000
"""Records in librdkafka's queue above which a writer waits: bounds memory, not throughput."""
BY_KEY = -1
"""Partition number that leaves the choice to librdkafka's murmur2 of the key."""

_log = logging.getLogger(__name__)


class Writer:
    """What is written is on the broker, acknowledged by all replicas, when :meth:`flush` returns.

    An outage is waited for without end. An error that waiting cannot mend (unknown topic, no access, a record
    too large, a fenced producer) goes to ``fail``, which does not return.
    """

    def __init__(
        self, application: str, options: Options, meter: Meter, fail: Callable[[EngineError], NoReturn]
    ) -> None:
        self._application = application
        self._provisioning = options.provisioning
        self._meter = meter
        self._fail = fail
        self._errors: list[EngineError] = []
        self._producer = Producer(
            connection(
                options,
                {
                    "enable.idempotence": True,
                    "acks": "all",
                    "partitioner": "murmur2_random",
                    "linger.ms": 5,
                    "batch.size": 1 << 19,
                    "message.max.bytes": MESSAGE_BYTES,
                    "message.timeout.ms": 0,  # never give up: the input is not acknowledged before the output
                    "queue.buffering.max.messages": 2 * IN_FLIGHT,
                    "queue.buffering.max.kbytes": 1 << 20,
                    "delivery.report.only.error": True,
                    "on_delivery": self._on_error_report,
                    "error_cb": self._on_client_error,
                    **options.producer,
                },
            )
        )

    async def rows(self, topic: str, partition: int | None, rows: Sequence[OutputRow]) -> None:
        """Write rows to a partition, or each by murmur2 of its key where that is None."""
        # Not produce_batch: it knows no timestamps, and costs as much. By place (None, None: two callbacks),
        # since the names of arguments cost a quarter of the call.
        produce, place = self._producer.produce, BY_KEY if partition is None else partition
        await self._room()
        for key, value, moment in rows:
            try:
                produce(topic, value, key, place, None, None, moment)
            except (BufferError, KafkaException) as problem:
                await self._overcome(topic, problem)
                produce(topic, value, key, place, None, None, moment)
        self._meter.written(topic, len(rows))

    async def entries(self, topic: str, partition: int, entries: Sequence[tuple[bytes, bytes]]) -> None:
        """Write entries of a changelog."""
        produce = self._producer.produce
        await self._room()
        for key, value in entries:
            try:
                produce(topic, value, key, partition)
            except (BufferError, KafkaException) as problem:
                await self._overcome(topic, problem)
                produce(topic, value, key, partition)
        self._meter.written(topic, len(entries))

    async def record(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]],
    ) -> None:
        """Write one record with headers."""
        produce = self._producer.produce
        try:
            produce(topic, value, key, partition, headers=headers)
        except (BufferError, KafkaException) as problem:
            await self._overcome(topic, problem)
            produce(topic, value, key, partition, headers=headers)
        self._meter.written(topic, 1)

    async def flush(self) -> None:
        """Return when everything is on the broker, however long the broker takes."""
        loop = asyncio.get_running_loop()
        waited = 0
        while await loop.run_in_executor(None, self._producer.flush, 5.0):
            self._raise()
            waited += 5
            self._meter.waited("broker")
            _log.warning(
                "%s: waiting for the broker to take records, for %d s now", self._application, waited
            )
        self._raise()

    async def _room(self) -> None:
        """Wait while too much is under way."""
        if len(self._producer) > IN_FLIGHT:
            await self.flush()

    async def _overcome(self, topic: str, problem: BufferError | KafkaException) -> None:
        """Wait until a full queue is empty; any other problem ends the process."""
        if isinstance(problem, KafkaException):
            self._fail(self._failure(topic, problem.args[0]))
        await self.flush()

    def _raise(self) -> None:
        if self._errors:
            self._fail(self._errors[0])

    def _on_error_report(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self._errors.append(self._failure(message.topic(), error))

    def _on_client_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._errors.append(self._failure("", error))
        else:
            _log.info("%s: %s", self._application, error.str())

    def _failure(self, topic: str, error: KafkaError) -> EngineError:
        return EngineError(
            "write-failed",
            f"the broker does not take a record: {error.name()}, {error.str()}",
            place=topic,
            remedy=f"nothing was acknowledged; see that {self._provisioning} has run "
            "and that the record fits the topic",
        )
