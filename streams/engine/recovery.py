"""After a rebalance: what stayed flows on at once, what came once its state is read back."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from pathlib import Path

from streams.engine.changelog import ChangelogReader
from streams.engine.corrections import Corrections
from streams.engine.errors import RETRY_SECONDS
from streams.engine.memory import give_back
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.stage import Stage
from streams.engine.transport.app import BatchApp
from streams.engine.writer import Writer

_log = logging.getLogger(__name__)


class Recovery:
    """Brings partitions up to date: broadcast knowledge, state, what is held, corrections that are due.

    Works on the state of partitions that do not flow yet, and takes the gate for all else. An error goes to
    ``stop``, which ends the process.
    """

    def __init__(
        self,
        app: BatchApp,
        options: Options,
        stages: Sequence[Stage],
        corrections: Corrections,
        writer: Writer,
        meter: Meter,
        gate: asyncio.Lock,
        stop: Callable[[Exception, str], Awaitable[None]],
    ) -> None:
        self._name = stages[0].application.name
        self._app = app
        self._options = options
        self._stages = stages
        self._corrections = corrections
        self._writer = writer
        self._meter = meter
        self._gate = gate
        self._stop = stop
        self._task: asyncio.Task[None] | None = None
        self._remembered = Path(app.conf.datadir) / "partitions.json"
        self._reads_ahead = False
        self._ahead = 0

    async def over(self) -> None:
        """Return when what was begun last has ended; it gives way to a rebalance, and to the end."""
        self._reads_ahead = False
        if self._task is not None:
            await self._task

    def foresee(self) -> None:
        """Begin to read the state of the partitions that this worker had when it ended.

        It is likely to get them again, and has nothing else to do while its group waits for a member that
        does not answer. Whatever it gets in truth is read on from where this has come to.
        """
        try:
            numbers = set(json.loads(self._remembered.read_text()))
        except (OSError, ValueError):
            return
        for stage in self._stages:
            stage.own(numbers)
        _log.info("%s: reads the state of partitions %s ahead", self._name, sorted(numbers))
        self._reads_ahead = True
        self._task = asyncio.create_task(self._watched(self._read_ahead(numbers)))

    async def _read_ahead(self, numbers: set[int]) -> None:
        def cancelled() -> bool:
            return self._app.should_stop or not self._reads_ahead

        await self._catch_up(self._app.consumer_generation_id, cancelled)
        async with ChangelogReader(self._options, cancelled) as reader:
            for number in sorted(numbers):
                for stage in self._stages:
                    self._ahead += await stage.recover(number, reader)

    async def begin(self, owned: set[int]) -> None:
        """Make partitions that stayed ready for this generation, and begin to bring the others up to date.

        The caller holds the gate.
        """
        app, began = self._app, time.perf_counter()
        generation, rebalances = app.consumer_generation_id, app.rebalancing_count

        def cancelled() -> bool:
            return bool(app.should_stop or app.rebalancing_count != rebalances)

        for stage in self._stages:
            stage.own(owned)
        self._remembered.write_text(json.dumps(sorted(owned)))
        kept = {number for number in owned if all(stage.kept(number, generation) for stage in self._stages)}
        rows = await self._make_ready(kept, generation)

        async def rest() -> None:
            entries, corrected = await self._bring(owned - kept, generation, cancelled)
            if cancelled():
                _log.info("%s: recovery gives way to the next rebalance", self._name)
                return
            if entries or self._ahead:
                give_back()
            seconds, ahead, self._ahead = time.perf_counter() - began, self._ahead, 0
            self._meter.recovered(seconds, entries + ahead, len(owned))
            _log.info(
                "%s: generation %d, partitions %s, %d entries recovered, %d of them ahead, "
                "and %d rows corrected in %.2f s",
                *(self._name, generation, sorted(owned), entries + ahead, ahead, rows + corrected, seconds),
            )

        self._task = asyncio.create_task(self._watched(rest()))

    async def _watched(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as problem:  # noqa: BLE001  # whatever it is ends the process
            await self._stop(problem, f"{self._name} recovery")

    async def _bring(self, came: set[int], generation: int, cancelled: Callable[[], bool]) -> tuple[int, int]:
        """Make partitions that came ready, one by one; return the entries read and the rows written again."""
        if not came:
            return 0, 0
        # Rows of a new owner must know no less than those that others wrote before.
        await self._catch_up(generation, cancelled)
        for stage in self._stages:
            await asyncio.to_thread(stage.recall, came, cancelled)
        entries = rows = 0
        async with ChangelogReader(self._options, cancelled) as reader:
            for number in sorted(came):
                for stage in self._stages:
                    entries += await stage.recover(number, reader)
                async with self._gate:
                    if cancelled():
                        break
                    rows += await self._make_ready({number}, generation)
        return entries, rows

    async def _catch_up(self, generation: int, cancelled: Callable[[], bool]) -> None:
        """Take in all that was broadcast before this call."""
        await asyncio.to_thread(self._corrections.read_to_end, cancelled)
        while self._corrections.waiting and not cancelled():
            async with self._gate:
                taken = await self._corrections.follow(generation)
            await asyncio.sleep(0 if taken else RETRY_SECONDS)  # a part may not answer

    async def _make_ready(self, numbers: set[int], generation: int) -> int:
        """Correct partitions whose state is up to date, and let them flow; return the rows written again."""
        rows = 0
        for stage in self._stages:
            due: dict[int, Iterable[Hashable]] = {}
            for number in sorted(numbers):
                partition = stage.partitions[number]
                # A new owner writes a mark of its generation even if nothing is due: one that its
                # predecessor, woken from a freeze, writes later must not speak for rows of who knows less.
                if not stage.kept(number, generation) or partition.corrected != stage.positions:
                    due[number] = stage.application.shared.changes_since(partition.corrected)
            rows += await self._corrections.correct(stage, generation, due)
        await self._writer.flush()  # the marks, before rows of this generation
        for stage in self._stages:
            for number in numbers:
                stage.partitions[number].generation = generation
        return rows
