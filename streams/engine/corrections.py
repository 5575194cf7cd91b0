"""Corrections: rows written again because broadcast knowledge (a dimension, the clock) has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from streams.engine import marks
from streams.engine.broadcast import PARTITION, BroadcastReader
from streams.engine.emission import emit, park
from streams.engine.errors import WaitError
from streams.engine.meter import Meter
from streams.engine.stage import Stage
from streams.engine.writer import Writer

TAKEN_AT_ONCE = 5_000
"""Broadcast records taken in without a pause: bounds how long the event loop is held."""

_log = logging.getLogger(__name__)


class Corrections:
    """Takes in what the broadcast reader reads, and corrects the partitions that are here.

    Who calls it holds the processor's gate.
    """

    def __init__(
        self, name: str, stages: Sequence[Stage], reader: BroadcastReader, writer: Writer, meter: Meter
    ) -> None:
        self._name = name
        self._stages = stages
        self._reader = reader
        self._writer = writer
        self._meter = meter

    @property
    def waiting(self) -> bool:
        """Whether there are broadcast records to take in."""
        return bool(self._reader.inbox)

    def read_to_end(self, cancelled: Callable[[], bool]) -> None:
        """Return when all that was published before this call is in the inbox. Blocks: for an executor."""
        self._reader.read_to_end(cancelled)

    async def follow(self, generation: int) -> bool:
        """Take in what has come since, and correct the rows that it changes; whether anything was."""
        changes, taken = self._take_in(TAKEN_AT_ONCE)
        for stage in self._stages:
            # A partition that is not ready is being recovered, and will be corrected from its mark on.
            ready = [number for number in stage.partitions if stage.ready(number, generation)]
            found = changes.get(stage, ())
            if not found:
                ready = [number for number in ready if number == PARTITION and stage.to_park(number)]
            await self.correct(stage, generation, dict.fromkeys(ready, found))
        return taken > 0

    async def correct(self, stage: Stage, generation: int, due: Mapping[int, Iterable[Hashable]]) -> int:
        """Write again the rows that changes (by partition) touch, and then the marks that say so.

        Returns the number of rows. The marks are safe after the writer's next flush.
        """
        if not stage.application.broadcast or not due:
            return 0
        if not stage.application.corrects:
            if PARTITION in due:
                await self._park(stage)
                # Nothing remembers it: after a restart the bad records are parked once more.
                stage.partitions[PARTITION].corrected = dict(stage.positions)
            return 0
        assert stage.changelog is not None
        rows = 0
        for number, changes in due.items():
            stage.partitions[number].fold.correct(changes)
            rows += await emit(stage, number, self._writer)
        if PARTITION in due:
            await self._park(stage)
        await self._writer.flush()  # rows first: a mark without its rows would lose the correction
        for number in due:
            await self._writer.entries(stage.changelog, number, [marks.encode(generation, stage.positions)])
            stage.partitions[number].corrected = dict(stage.positions)
        self._meter.corrected(rows)
        return rows

    async def _park(self, stage: Stage) -> None:
        """Park bad broadcast records: every worker reads them, the first partition's owner parks them."""
        for refused in stage.to_park(PARTITION):
            await park(stage, refused.topic, PARTITION, [refused.rejection], self._writer, self._meter)

    def _take_in(self, limit: int) -> tuple[dict[Stage, list[Hashable]], int]:
        """Give each stage its broadcast records; return the changes that they make, and how many they were.

        Stops at a record that needs a part which does not answer; it stays where it is.
        """
        changes: dict[Stage, list[Hashable]] = {}
        inbox, taken = self._reader.inbox, 0
        while inbox and taken < limit:
            topic, record = inbox[0]
            try:
                for stage in self._stages:
                    if topic in stage.positions and (change := stage.put(topic, record)) is not None:
                        changes.setdefault(stage, []).append(change)
            except WaitError as wait:
                self._meter.waited(wait.part)
                _log.warning("%s: %s; waiting", self._name, wait)
                break
            inbox.popleft()
            taken += 1
        return changes, taken
