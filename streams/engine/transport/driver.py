"""A Faust transport, scheme ``kafkabatch``, with one message per fetched batch of a partition.

A message's value is the list of the batch's records, ``(offset, timestamp ms, key, value, headers)``, and its
offset is the last one. Agents, assignor, rebalance and commits stay Faust's. It leans on private names of
Faust and aiokafka: both are pinned, and ``tests/unit/streams/engine/transport`` fails when one moves.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Coroutine, Generator, Mapping
from typing import TYPE_CHECKING, Any

from faust.transport import drivers
from faust.transport.consumer import ensure_TPset
from faust.transport.drivers import aiokafka as base
from faust.types import TP, ConsumerMessage
from faust.types.enums import ProcessingGuarantee
from mode.services import WaitResults

from streams.engine.errors import EngineError
from streams.engine.fold import Fetched
from streams.engine.transport.fetched import take_over

if TYPE_CHECKING:
    from streams.engine.transport.app import BatchApp

SCHEME = "kafkabatch"
BATCH_RECORDS = 5_000
"""Records in one message at the most: bounds how long a batch holds the event loop."""
FEW_RECORDS = 1_000
GATHER_SECONDS, MIN_GATHER = 0.005, 0.001
"""Pause after an answer of few records, in which more gather: so many seconds by their number, and at the
least. A cycle costs nearly a millisecond of CPU time however few its records are, and its rows wait for the
pause: where ten come within a millisecond, waiting for more would cost them time and save little."""
FETCH_WAIT_MS = 100
"""How long the broker may look for records. aiokafka asks a broker once at a time: while records lie here
untaken it may ask for partitions that have none, and those that have some wait until that is answered."""
HELD_SECONDS = 0.1
"""How long a fetch may wait while a partition is held: it must soon be asked for."""
FULL_SECONDS = 0.02
"""How long it may wait while the agent's buffer is full. What has come of those partitions lies here
already, so that nothing would end the wait for the others once there is room again."""

# The entry point of the distribution says the same; this makes the scheme known in a bare checkout too.
drivers.TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"


class BatchConsumerThread(base.AIOKafkaConsumerThread):  # type: ignore[misc]  # Faust is untyped
    """The thread that fetches, made to parse records into tuples."""

    def _create_worker_consumer(self, transport: base.Transport) -> Any:
        """aiokafka's consumer, blind to records of aborted transactions, as librdkafka's and Java's are."""
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # Faust waits 1.5 s
        return consumer

    async def on_start(self) -> None:
        """Start aiokafka's consumer and take over its buffer, before it has subscribed to anything."""
        await super().on_start()
        take_over(self._consumer, self.app.batch_topics)


class _Rest:
    """A coroutine that has begun, from what it waits for on."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            yield self._waits_for
        except BaseException:  # a cancelled task: the coroutine would never hear of it
            self._coroutine.close()
            raise
        return (yield from self._coroutine.__await__())


class BatchConsumer(base.Consumer):  # type: ignore[misc]  # Faust is untyped
    """Delivers batches, commits them in the order of delivery, and lets none be half done at a rebalance."""

    app: BatchApp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._delivered: defaultdict[TP, deque[int]] = defaultdict(deque)  # last offsets, not yet committed
        self._pause = 0.0
        super().__init__(*args, **kwargs)
        if self.app.conf.processing_guarantee == ProcessingGuarantee.EXACTLY_ONCE:
            raise EngineError(
                "exactly-once",
                "outputs would go outside of the transaction, and no generation is fenced",
                place=self.app.conf.id,
                remedy="keep at_least_once: folds are functions of the set of events",
            )

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def wait_first(self, *coros: Any, timeout: Any = None) -> WaitResults:
        """Faust's, without its four tasks where the first ends at once, as the delivery of a batch does."""
        first, *others = coros
        if not asyncio.iscoroutine(first) or self._stopped.is_set() or self._crashed.is_set():
            found: WaitResults = await super().wait_first(*coros, timeout=timeout)
            return found
        try:
            waits_for = first.send(None)
        except StopIteration as end:
            for other in others:
                other.close()
            return WaitResults([first], [end.value], stopped=False)
        return await self.wait_first(_Rest(first, waits_for), *others, timeout=timeout)

    async def _wait_next_records(self, timeout: float) -> tuple[Any, set[TP] | None]:
        """Say that the last fetch is delivered; wait a moment while the buffers of all partitions are full.

        Faust would sleep a second.
        """
        if self.app.delivering:
            self.app.delivering = False
            self.app.delivered()
        if self._buffered_partitions and not self._get_active_partitions():
            await asyncio.sleep(FULL_SECONDS)
            return {}, set()
        found: tuple[Any, set[TP] | None] = await super()._wait_next_records(timeout)
        return found

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[Any]]:
        if self._pause:
            await asyncio.sleep(self._pause)
        active = active_partitions or set()
        wanted = {tp for tp in active if not self.app.held(tp)}
        if not wanted:  # and no partition would mean all of them
            await asyncio.sleep(HELD_SECONDS)
            return {}
        if len(wanted) < len(active):
            timeout = min(timeout, HELD_SECONDS)
        if self._buffered_partitions:
            timeout = min(timeout, FULL_SECONDS)
        fetched = await super()._getmany(wanted, timeout)
        self._pause = _pause(sum(map(len, fetched.values())))
        self.app.delivering = bool(fetched)
        topics = self.app.batch_topics
        return {tp: _batches(rows) if tp.topic in topics else rows for tp, rows in fetched.items() if rows}

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if type(record) is not list:
            return super()._to_message(tp, record)
        last, timestamp = record[-1][0], record[-1][1]
        read = self._read_offset[tp]
        if read is None or last >= read:  # else Faust drops it, and it must not wait for an ack
            self._delivered[tp].append(last)
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=last,
            timestamp=timestamp / 1000,
            timestamp_type=0,
            headers=None,
            key=None,
            value=record,
            checksum=None,
            serialized_key_size=-1,
            serialized_value_size=len(record),
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Batches know their own order; Faust's gaps would list every missing offset."""
        if tp.topic not in self.app.batch_topics:
            await super()._add_gap(tp, offset_from, offset_to)

    def _new_offset(self, tp: TP) -> int | None:
        """The offset to commit: after the last of the batches that were acknowledged without a hole."""
        if tp.topic not in self.app.batch_topics:
            offset: int | None = super()._new_offset(tp)
            return offset
        delivered, acked = self._delivered[tp], self._acked_index[tp]
        committable = None
        while delivered and delivered[0] in acked:
            last = delivered.popleft()
            acked.discard(last)
            committable = last + 1
        if committable is not None:
            self._acked[tp][:] = [offset for offset in self._acked[tp] if offset >= committable]
        return committable

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish and commit the batches in flight first: Faust forgets their acks before it commits."""
        if revoked:
            self.stop_flow()
            self.app.flow_control.suspend()
            await self.wait_empty()
        for tp in revoked:
            self._delivered.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Wait for the batches in flight, and commit them.

        Faust waits until every delivered message is acknowledged or collected as garbage, which never comes
        about for one that a full buffer has delayed until after the buffers were emptied.
        """
        await self.app.settle()
        await self.maybe_wait_for_commit_to_finish()  # it may have begun before the last ack
        await self.commit()

    async def perform_seek(self) -> None:
        """Seek to the committed offsets with all stream partitions held: Faust lets them go too early."""
        held = {tp for tp in self._get_active_partitions() if not self._is_changelog_tp(tp)}
        self._active_partitions.difference_update(held)
        try:
            await super().perform_seek()
            for tp in held:  # what was delivered before will be delivered again
                self._delivered.pop(tp, None)
                self._acked.pop(tp, None)
                self._acked_index.pop(tp, None)
        finally:
            self._active_partitions.update(held & ensure_TPset(self.assignment()))


class IdempotentProducer(base.Producer):  # type: ignore[misc]  # Faust is untyped
    """Faust's own producer, made idempotent: for what Faust sends. Outputs go through the engine's writer."""

    def _settings_default(self) -> Mapping[str, Any]:
        return {**super()._settings_default(), "acks": "all", "enable_idempotence": True}


class Transport(base.Transport):  # type: ignore[misc]  # Faust is untyped
    """The transport behind ``kafkabatch://``."""

    Consumer = BatchConsumer
    Producer = IdempotentProducer


def _pause(records: int) -> float:
    """Seconds in which more gather after an answer of so many records."""
    if not 0 < records < FEW_RECORDS:
        return 0.0
    return max(MIN_GATHER, GATHER_SECONDS / records)


def _batches(rows: list[Fetched]) -> list[list[Fetched]]:
    if len(rows) <= BATCH_RECORDS:
        return [rows]
    return [rows[start : start + BATCH_RECORDS] for start in range(0, len(rows), BATCH_RECORDS)]
