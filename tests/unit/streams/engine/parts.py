"""Stand-ins for what the runtime works with: a fold that notes, a writer that lists what it was given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from streams.engine.fold import Application, Emission, Fetched, Output, OutputRow, Rejection
from streams.engine.options import Options
from streams.engine.parking import DeadTopics, Letter

FACT, GROUP, ROW = "fact", "group", "row"
OPTIONS = Options("127.0.0.1:1", Path("unused"), provisioning="`make topics`")


class AwayError(Exception):
    """Another part does not answer."""


class NotedShared:
    """Broadcast knowledge that is the set of values seen; ``bad`` cannot be read."""

    def __init__(self) -> None:
        self.log: list[tuple[int, bytes]] = []
        self.trouble: list[Exception] = []

    def put(self, topic: str, record: Fetched) -> Hashable | None:
        """Take in a value."""
        assert record[3] is not None
        if self.trouble:
            raise self.trouble.pop(0)
        if record[3] == b"bad":
            raise ValueError("it is bad")
        self.log.append((record[0], record[3]))
        return record[3]

    def changes_since(self, positions: dict[str, int]) -> set[Hashable]:
        """The values at or after the position."""
        return {value for offset, value in self.log if offset >= positions[GROUP]}


class NotedFold:
    """Owes a row for each record and each change; ``poison`` is rejected."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.recovered: list[tuple[bytes, bytes]] = []
        self.batches = 0
        self.trouble: list[Exception] = []
        self._rows: list[OutputRow] = []
        self._log: list[tuple[bytes, bytes]] = []

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Take in records."""
        self.batches += 1
        if self.trouble:
            raise self.trouble.pop(0)
        for record in records:
            _, moment, key, value, _ = record
            assert key is not None
            assert value is not None
            if value == b"poison":
                yield Rejection(record, "undecodable", "poison")
            else:
                self._rows.append((key, value, moment))
                self._log.append((key, value))

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Owe a row for each change."""
        self._rows += [(b"corrected", bytes(change), 0) for change in changes]

    def take(self, limit: int) -> Emission | None:
        """What is owed."""
        if not self._rows:
            return None
        rows, self._rows = self._rows, []
        log, self._log = self._log, []
        return Emission([Output(ROW, rows, self.partition)], log)

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Note the entries."""
        self.recovered += entries


def application(**changes: Any) -> Application:
    """An application with an input, a broadcast topic and a store."""
    given: dict[str, Any] = {
        "name": "test.noted",
        "inputs": (FACT,),
        "broadcast": (GROUP,),
        "store": "state",
        "shared": NotedShared(),
        "fold": lambda partition, _shared: NotedFold(partition),
        "outputs": (ROW,),
        "parking": DeadTopics(limit=10),
        "waits_for": {AwayError: "elsewhere"},
    }
    return Application(**given | changes)


class ListedWriter:
    """Lists writes in ``events`` in their order: rows, entries, records, and ``flush``."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def rows(self, topic: str, partition: int | None, rows: Sequence[OutputRow]) -> None:
        """List rows."""
        self.events += [("row", topic, partition, key, value) for key, value, _ in rows]

    async def entries(self, topic: str, partition: int, entries: Sequence[tuple[bytes, bytes]]) -> None:
        """List entries."""
        self.events += [("entry", topic, partition, key, value) for key, value in entries]

    async def letters(self, topic: str, letters: Sequence[Letter]) -> None:
        """List dead letters: None for a partition that is left to the key."""
        for letter in letters:
            partition = 0 if letter.key is None else None
            self.events.append(("dead", topic, partition, letter.key, letter.value, dict(letter.headers)))

    async def flush(self) -> None:
        """List the flush."""
        self.events.append("flush")


def record(offset: int, value: bytes | None, key: bytes | None = b"key") -> Fetched:
    """A record as the transport hands it over."""
    return offset, 1_700_000_000_000, key, value, ()


class ListedReader:
    """Gives what topics hold, in pieces of any size; ``asked`` are the places that were read, and from where.

    ``cancelled`` is what it was made with.
    """

    def __init__(self, topics: dict[str, list[list[Fetched]]]) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self._topics = topics

    @staticmethod
    def cancelled() -> bool:
        """Never."""
        return False

    async def read(self, topic: str, number: int, position: int) -> AsyncIterator[tuple[list[Fetched], int]]:
        """All pieces, whatever the position."""
        self.asked.append((topic, number, position))
        for records in self._topics[topic]:
            position += len(records)
            yield records, position
        yield [], position
