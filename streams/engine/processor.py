"""The agent: folds batches, writes what follows, and acknowledges; corrects rows while the flow runs.

An exception that leaves an agent's body acknowledges the event, so none does: what passes is waited for in
place, what can never be folded is parked, and on anything else the process stops before the acknowledgement.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP

from streams.engine.broadcast import BroadcastReader
from streams.engine.corrections import Corrections
from streams.engine.emission import emit, park
from streams.engine.errors import RETRY_SECONDS, EngineError, WaitError
from streams.engine.failstop import fail_stop
from streams.engine.fold import Application, Fetched, Rejection
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.recovery import Recovery
from streams.engine.stage import Stage
from streams.engine.transport.app import BatchApp
from streams.engine.writer import Writer

HANDED_OVER = 5_000
"""Records that are folded before their rows are handed over: rows are sent while the next are made."""
GROUP_RECORDS = 20_000
GROUP_SECONDS = 0.25
"""What is in flight at the most before its rows are waited for: one wait for several batches under load."""
FOLLOW_SECONDS = 0.1
"""How often broadcast records are taken in while the flow runs."""
FINISH_SECONDS = 5.0
"""How long the end of the process may wait for a last commit."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Batches:
    """Batches that are not acknowledged yet: what follows from them is owed, or on its way."""

    events: list[Any] = field(default_factory=list)
    records: int = 0
    since: float = 0.0

    def add(self, event: Any) -> None:
        """Add a batch."""
        if not self.events:
            self.since = time.monotonic()
        self.events.append(event)
        self.records += len(event.message.value)

    def full(self) -> bool:
        """Whether it is time to wait for the rows."""
        return bool(self.events) and (
            self.records >= GROUP_RECORDS or time.monotonic() - self.since >= GROUP_SECONDS
        )


class Processor:
    """Runs the stages of one application in a Faust app. Who works on their state holds the gate."""

    def __init__(
        self, app: BatchApp, applications: Sequence[Application], options: Options, meter: Meter
    ) -> None:
        self.name = applications[0].name
        self._app = app
        self._gate = asyncio.Lock()
        self._delivered = asyncio.Event()
        self._queue: Any = None  # of batches that wait for the agent
        self._folded, self._in_flight = Batches(), Batches()
        self._stages = [Stage(application, options) for application in applications]
        self._by_input = {topic: stage for stage in self._stages for topic in stage.application.inputs}
        self._writer = Writer(self.name, options, meter, lambda error: fail_stop(error, self.name))
        self._meter = meter
        self._broadcast = {topic for stage in self._stages for topic in stage.application.broadcast}
        reader = BroadcastReader(
            self._broadcast, options, lambda error: fail_stop(error, f"{self.name} broadcast")
        )
        self._corrections = Corrections(self.name, self._stages, reader, self._writer, meter)
        self._recovery = Recovery(
            app, options, self._stages, self._corrections, self._writer, meter, self._gate, self._stop
        )

    def attach(self) -> None:
        """Register the agent, the recovery and the follower with the app."""
        app = self._app
        app.settle, app.held, app.begin = self._settle_all, self._held, self._recovery.foresee
        app.agent(app.batch_topic(*self._by_input), name=f"{self.name}.fold", concurrency=1)(self._agent)
        # The only hook that Faust awaits before records flow; on_partitions_assigned does not hold them.
        app.on_rebalance_complete.connect(self._recover)
        app.on_before_shutdown.connect(self._leave)
        app.task(self._settle_delivered)
        if self._broadcast:
            app.task(self._follow)

    async def _agent(self, stream: Any) -> None:
        self._queue = stream.channel.queue
        self._app.delivered = self._delivered.set
        async for event in stream.noack().events():
            message = event.message
            try:
                async with self._gate:
                    await self._batch(event)
                    if self._folded.records >= HANDED_OVER:
                        await self._hand_over()
                    if self._idle() or self._in_flight.full():
                        await self._settle()
            except Exception as problem:  # noqa: BLE001  # whatever it is ends the process
                first = message.value[0][0]
                await self._stop(problem, f"{message.topic}[{message.partition}]@{first}-{message.offset}")

    async def _batch(self, event: Any) -> None:
        """Fold one batch, and park what can never be folded."""
        message, generation = event.message, event.message.generation_id
        topic, number = message.topic, message.partition
        stage = self._by_input[topic]
        if generation != self._app.consumer_generation_id or not stage.ready(number, generation):
            return  # the partition has moved on; whoever owns it now reads this batch again
        began = time.perf_counter()
        rejections = await self._fold(stage, number, topic, message.value)
        if rejections is None:
            return
        if rejections:
            await self._hand_over()  # what came before is finished, should these be too many
            await park(stage, topic, number, rejections, self._writer, self._meter)
        self._folded.add(event)
        self._meter.worked(time.perf_counter() - began)

    async def _hand_over(self) -> None:
        """Hand the writer all that follows from what was folded; it sends while the next batches are folded.

        A row that several batches have touched is written once.
        """
        folded, self._folded = self._folded, Batches()
        places = [(self._by_input[one.message.topic], one.message.partition) for one in folded.events]
        for stage, number in dict.fromkeys(places):
            await emit(stage, number, self._writer)
        for event in folded.events:
            self._in_flight.add(event)

    def _idle(self) -> bool:
        """Whether no batch is about to come: those of one fetch are settled in one round."""
        return self._queue.empty() and not self._app.delivering

    async def _settle_delivered(self) -> None:
        """Settle when the last batch of a fetch was folded before it was known to be the last."""
        while not self._app.should_stop:
            await self._delivered.wait()
            self._delivered.clear()
            if self._idle():
                await self._settle_all()

    async def _settle_all(self) -> None:
        """Finish the batch that is being folded, and acknowledge all that are in flight."""
        try:
            async with self._gate:
                await self._settle()
        except Exception as problem:  # noqa: BLE001  # whatever it is ends the process
            await self._stop(problem, self.name)

    async def _settle(self) -> None:
        """Acknowledge all batches, in their order, once all that follows from them is written."""
        await self._hand_over()
        await self._acknowledge()

    async def _acknowledge(self) -> None:
        """Acknowledge the batches in flight once what was handed over is written."""
        if not self._in_flight.events:
            return
        await self._writer.flush()
        for event in self._in_flight.events:
            message = event.message
            if message.generation_id == self._app.consumer_generation_id:
                event.ack()
            behind = (self._app.monitor.tp_end_offsets.get(message.tp) or 0) - message.offset - 1
            self._meter.read(
                message.topic, message.partition, len(message.value), message.timestamp, max(behind, 0)
            )
        self._in_flight = Batches()
        for stage in self._stages:
            for topic, records in stage.rewritten().items():
                self._meter.rewritten(topic, records)

    async def _fold(
        self, stage: Stage, number: int, topic: str, batch: Sequence[Fetched]
    ) -> list[Rejection] | None:
        """Fold a batch, waiting for parts that do not answer; None when a rebalance or the end comes."""
        rebalances = self._app.rebalancing_count
        while self._app.rebalancing_count == rebalances and not self._app.should_stop:
            try:
                return stage.fold(number, topic, batch)
            except WaitError as wait:  # folding again what is half folded changes nothing
                self._meter.waited(wait.part)
                _log.warning("%s: %s; waiting", self.name, wait)
                await asyncio.sleep(RETRY_SECONDS)
        return None

    async def _recover(self, _app: Any, **_signal: Any) -> None:
        """Let the partitions that stayed flow on, and begin to bring the others up to date.

        Faust holds the flow until this returns.
        """
        try:
            await self._recovery.over()  # of an earlier generation: it gives way
            async with self._gate:
                # Those of an earlier generation are no longer ours to acknowledge.
                self._folded, self._in_flight = Batches(), Batches()
                self._meter.rebalanced()
                await self._recovery.begin(self._owned())
        except Exception as problem:  # noqa: BLE001  # whatever it is ends the process
            await self._stop(problem, f"{self.name} recovery")

    def _held(self, tp: TP) -> bool:
        """Whether records of a partition have to wait, since it is not ready for this generation."""
        stage = self._by_input.get(tp.topic)
        return stage is not None and not stage.ready(tp.partition, self._app.consumer_generation_id)

    def _owned(self) -> set[int]:
        """The partitions assigned to this worker: the same numbers of every input topic."""
        by_topic: dict[str, set[int]] = {topic: set() for topic in self._by_input}
        for tp in self._app.consumer.assignment():
            if tp.topic in by_topic:
                by_topic[tp.topic].add(tp.partition)
        owned = set.union(*by_topic.values())
        for topic, numbers in by_topic.items():
            if numbers != owned:
                raise EngineError(
                    "not-co-partitioned",
                    f"has partitions {sorted(numbers)} of {sorted(owned)} in this worker",
                    place=topic,
                )
        return owned

    async def _follow(self) -> None:
        """Take in broadcast records while the flow runs, and correct the rows that they change."""
        while not self._app.should_stop:
            await asyncio.sleep(FOLLOW_SECONDS)
            if not self._corrections.waiting:
                continue
            try:
                async with self._gate:
                    await self._corrections.follow(self._app.consumer_generation_id)
            except Exception as problem:  # noqa: BLE001  # whatever it is ends the process
                await self._stop(problem, f"{self.name} corrections")

    async def _leave(self, _app: Any, **_signal: Any) -> None:
        """Close the producer, once what it has is written."""
        await self._recovery.over()
        async with self._gate:
            await self._writer.close()

    async def _stop(self, problem: Exception, place: str) -> None:
        """Commit what is done, so that it is not repeated for nothing, and end the process."""
        try:
            await asyncio.wait_for(self._finish(), FINISH_SECONDS)
        except Exception as failure:  # noqa: BLE001  # it will be repeated, which is harmless
            _log.warning("%s: the last commit failed: %s", self.name, type(failure).__name__)
        fail_stop(problem, place)

    async def _finish(self) -> None:
        async with self._gate:
            await self._acknowledge()  # and hand over nothing: what is owed may follow from a fault
        await self._app.consumer.commit()
