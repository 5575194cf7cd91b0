"""One application's state in this worker: a fold for each partition, and what is known of its broadcasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from streams.engine import marks
from streams.engine.changelog import ChangelogReader
from streams.engine.errors import RETRY_SECONDS, EngineError, WaitError
from streams.engine.fold import Application, Fetched, PartitionFold, Rejection
from streams.engine.holding import Holding
from streams.engine.options import Options

NO_VALUE = "the record has no value (a tombstone)"
NO_KEY = "the record has no key"

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Table:
    """How far a partition of a table was folded, before it flowed or since, and what could not be."""

    position: int = 0
    refused: set[int] = field(default_factory=set)
    """Offsets of records that are parked whenever they flow."""


@dataclass(slots=True)
class Partition:
    """The fold of one partition, how far its changelog was read, and how far its rows are corrected."""

    fold: PartitionFold
    position: int = 0
    generation: int = -1
    """The group's generation for which it was last made ready: recovered and corrected; -1 before."""
    corrected: dict[str, int] = field(default_factory=dict)
    """Topic -> next offset of the broadcast whose changes its rows do not show yet."""
    mark: int = -1
    """The generation of the mark that ``corrected`` was read from."""
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    """Topic -> what is held there, for the inputs that hold keys; empty until it is recalled."""
    tables: dict[str, Table] = field(default_factory=dict)


@dataclass(slots=True)
class Refused:
    """A broadcast record that cannot be taken in, to be parked by the owner of the first partition."""

    topic: str
    rejection: Rejection


class Stage:
    """An application with its partitions. Not safe for two at once: the holder of the gate works on it."""

    def __init__(self, application: Application, options: Options) -> None:
        if application.broadcast and application.store is None and application.corrects:
            raise EngineError(
                "store-missing",
                "reads broadcast topics, and has no store to remember its corrections in",
                place=application.name,
            )
        self.application = application
        self.changelog = application.changelog
        self.partitions: dict[int, Partition] = {}
        self.positions = dict.fromkeys(application.broadcast, 0)
        self.refused: list[Refused] = []
        self._options = options
        self._rewritten: dict[str, int] = {}

    def fold(self, partition: int, topic: str, batch: Sequence[Fetched]) -> list[Rejection]:
        """Fold a batch; return what is to be parked. Raises :class:`WaitError` if a part does not answer."""
        try:
            table = self.partitions[partition].tables.get(topic)
            if table is None:
                return self._fold(partition, topic, batch)
            new = [record for record in batch if record[0] >= table.position or record[0] in table.refused]
            return self._fold_table(partition, topic, new)
        except tuple(self.application.waits_for) as problem:
            raise self._wait(problem) from problem

    def _fold(self, partition: int, topic: str, batch: Sequence[Fetched]) -> list[Rejection]:
        here = self.partitions[partition]
        holding = here.holdings.get(topic)
        parked: list[Rejection] = []
        records: Iterable[Fetched] = batch
        # A list and not any(): a generator costs twice as much, and nearly every batch has none.
        if holding is not None or [1 for record in batch if record[3] is None or record[2] is None]:
            records = _passed(batch, holding, parked)
        for rejection in here.fold.fold(topic, records):
            parked.append(rejection)
            if holding is not None:  # before the fold is given the next record, which may wait behind it
                holding.refused(rejection.record[0], rejection.record[2], rejection.code, rejection.reason)
        return parked

    def _fold_table(self, partition: int, topic: str, batch: Sequence[Fetched]) -> list[Rejection]:
        here = self.partitions[partition]
        keyed = [record for record in batch if record[2] is not None]
        rejections = [Rejection(record, "key-mismatch", NO_KEY) for record in batch if record[2] is None]
        rejections += here.fold.fold(topic, keyed)
        table = here.tables[topic]
        table.refused.update(rejection.record[0] for rejection in rejections)
        if batch:
            table.position = max(table.position, batch[-1][0] + 1)
        return rejections

    def _wait(self, problem: Exception) -> WaitError:
        parts = self.application.waits_for.items()
        return WaitError(next(part for error, part in parts if isinstance(problem, error)), problem)

    def put(self, topic: str, record: Fetched) -> Hashable | None:
        """Take in a broadcast record; return the change that it makes.

        Raises :class:`WaitError` when a part does not answer; the record is then not taken in.
        """
        change = None
        if record[3] is None and self.application.corrects:
            self.refused.append(Refused(topic, Rejection(record, "undecodable", NO_VALUE)))
        else:
            try:
                change = self.application.shared.put(topic, record)
            except tuple(self.application.waits_for) as problem:
                raise self._wait(problem) from problem
            except ValueError as problem:
                code = getattr(problem, "code", "undecodable")
                self.refused.append(Refused(topic, Rejection(record, code, str(problem))))
        self.positions[topic] = record[0] + 1
        return change

    def rewritten(self) -> dict[str, int]:
        """How many records of each topic were written anew since this was last asked; only those topics."""
        before, self._rewritten = self._rewritten, dict(self.application.rewritten())
        since = {topic: count - before.get(topic, 0) for topic, count in self._rewritten.items()}
        return {topic: count for topic, count in since.items() if count}

    def own(self, partitions: Iterable[int]) -> None:
        """Forget the partitions that belong to others now, and make empty folds for new ones."""
        wanted = set(partitions)
        for number in self.partitions.keys() - wanted:
            del self.partitions[number]
        for number in wanted - self.partitions.keys():
            self.partitions[number] = Partition(
                self.application.fold(number, self.application.shared),
                corrected=dict.fromkeys(self.positions, 0),
                tables={topic: Table() for topic in self.application.tables},
            )

    def kept(self, number: int, generation: int) -> bool:
        """Whether a partition was here, ready, in the generation before: nobody else wrote in between."""
        return self.partitions[number].generation == generation - 1 >= 0

    async def recover(self, number: int, reader: ChangelogReader) -> int:
        """Read a partition's tables and changelog from where they were left; return the number of records.

        Other tasks run meanwhile; none may fold records of this partition.
        """
        count, partition = 0, self.partitions[number]
        for topic, table in partition.tables.items():
            async for records, position in reader.read(topic, number, table.position):
                count += len(records)
                if await self._take(number, topic, records, reader.cancelled):
                    table.position = position
        if self.changelog is not None:
            async for records, position in reader.read(self.changelog, number, partition.position):
                count += len(records)
                self._recover(partition, records)
                partition.position = position
        return count

    async def _take(
        self, number: int, topic: str, records: list[Fetched], cancelled: Callable[[], bool]
    ) -> bool:
        """Fold records of a table; False when that was cancelled while a part did not answer."""
        while not cancelled():
            try:
                self.fold(number, topic, records)
            except WaitError as wait:  # folding again what is half folded changes nothing
                _log.warning("%s: %s; waiting", self.application.name, wait)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return True
        return False

    def _recover(self, partition: Partition, records: list[Fetched]) -> None:
        entries, own = marks.sorted_out(records)
        partition.fold.recover(entries)
        for key, value in own:
            self._mark(partition, key, value)

    def recall(self, numbers: Iterable[int], cancelled: Callable[[], bool]) -> None:
        """Learn again what this application holds in some partitions. Blocks."""
        holding, numbers = self.application.holding, list(numbers)
        if holding is None:
            return
        places = [(topic, number) for topic in holding.topics for number in numbers]
        if not places:
            return
        held = holding.recall(places, cancelled)
        for number in numbers:
            self.partitions[number].holdings = {topic: held[topic, number] for topic in holding.topics}

    def _mark(self, partition: Partition, key: bytes, value: bytes) -> None:
        mark = marks.decode(key, value)
        if mark is not None and mark[0] >= partition.mark:
            partition.mark = mark[0]
            # A topic that the application has begun to read since is not corrected at all.
            partition.corrected = {topic: mark[1].get(topic, 0) for topic in self.positions}

    def ready(self, number: int, generation: int) -> bool:
        """Whether a partition is here, recovered and corrected for this generation."""
        partition = self.partitions.get(number)
        return partition is not None and partition.generation == generation >= 0

    def to_park(self, number: int) -> list[Refused]:
        """The refused broadcast records that a partition's mark does not cover yet."""
        corrected = self.partitions[number].corrected
        return [one for one in self.refused if one.rejection.record[0] >= corrected[one.topic]]


def _passed(batch: Iterable[Fetched], holding: Holding | None, parked: list[Rejection]) -> Iterator[Fetched]:
    """The records of a batch that are to be folded; the others are added to ``parked``."""
    keys: Mapping[bytes, object] = {} if holding is None else holding.keys
    for record in batch:
        offset, _, key, value, headers = record
        if holding is not None and (value is None or key in keys):
            verdict = holding.verdict(offset, key, value, headers)
            if verdict is not None:
                parked.append(Rejection(record, *verdict))
                continue
        if value is not None and key is not None:
            yield record
            continue
        rejection = (
            Rejection(record, "undecodable", NO_VALUE)
            if value is None
            else Rejection(record, "key-mismatch", NO_KEY)
        )
        parked.append(rejection)
        if holding is not None:
            holding.refused(offset, key, rejection.code, rejection.reason)
