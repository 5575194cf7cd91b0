"""The seam between the engine (Kafka, Faust, recovery) and the pure folds (knowledge in, rows out).

A fold holds the state of one partition of one application. It never touches Kafka, files or clocks, so the
same code runs under Hypothesis, in a worker and in a benchmark. The engine calls, for every batch, and after
some batches:

    fold.fold(topic, records)          -> rejections   (parked by the engine, in place)
    fold.take(limit) until it is None  -> emissions    (written and flushed before they are acknowledged)

and when a broadcast record changes something: ``shared.put(...)``, ``fold.correct(changes)``, and again
``fold.take(...)``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from streams.engine.holding import KeyHolding
    from streams.engine.parking import Parking

Fetched = tuple[int, int, bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""A record as the transport hands it over: offset, Kafka timestamp in ms, key, value, headers."""

OutputRow = tuple[bytes, bytes, int]
"""Key, value, Kafka timestamp in ms: that of the record that caused it, so that latency can be told."""


RESERVED = b"\0"
"""Keys of the changelog that begin with this byte belong to the engine; a fold's keys must not."""


class RefusedError(ValueError):
    """A broadcast record that can never be taken in; ``code`` is that of its dead letter."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class Rejection(NamedTuple):
    """A record that can never be folded, with the code and the reason for its dead letter."""

    record: Fetched
    code: str
    reason: str


@dataclass(slots=True)
class Output:
    """Rows for one topic. ``partition`` None: each by murmur2 of its key."""

    topic: str
    rows: list[OutputRow]
    partition: int | None = None


@dataclass(slots=True)
class Emission:
    """What must be on the broker before the input is acknowledged: rows, and new entries of the changelog."""

    outputs: list[Output] = field(default_factory=list)
    changelog: list[tuple[bytes, bytes]] = field(default_factory=list)


class Shared(Protocol):
    """Broadcast knowledge, read whole by every worker and shared by its partitions."""

    def put(self, topic: str, record: Fetched) -> Hashable | None:
        """Take in one broadcast record; return the change that it makes, or None when it changes nothing.

        Raises :class:`ValueError` for a record that cannot be read; the engine parks it, under the error's
        ``code`` (:class:`RefusedError`) or ``undecodable``. The record has a value, unless the application
        corrects nothing.
        """

    def changes_since(self, positions: dict[str, int]) -> set[Hashable]:
        """Every change made by records at or after ``positions`` (topic -> next offset not yet corrected)."""


class Nothing:
    """The broadcast knowledge of an application that reads no broadcast topic."""

    def put(self, topic: str, record: Fetched) -> Hashable | None:
        """Never called."""
        return None

    def changes_since(self, positions: dict[str, int]) -> set[Hashable]:
        """None."""
        return set()


class PartitionFold(Protocol):
    """The state of one partition and the rows that it owes."""

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Take in records of one input topic in order of offsets; yield those that cannot be folded.

        Each is yielded before the next record is asked for, since whether that one is given may depend on
        it. The records have keys and values: the engine parks those that lack one. A fold may raise what
        its application ``waits_for`` while another part does not answer; the engine waits and gives it the
        same records again. What earlier batches owe stays owed until it is taken.
        """

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Mark the rows that these changes of the broadcast knowledge touch."""

    def take(self, limit: int) -> Emission | None:
        """The next emission, of about ``limit`` rows at the most; None when nothing is owed."""

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Take in changelog entries (key, value) of this partition, in any order; owes nothing afterwards."""


class FoldFactory(Protocol):
    """Makes the empty fold of a partition."""

    def __call__(self, partition: int, shared: Shared) -> PartitionFold: ...


@dataclass(frozen=True, slots=True)
class Application:
    """A stream application as data: what it reads, what it keeps and how it folds.

    ``inputs`` are co-partitioned topics, ``broadcast`` topics are read whole by every worker, ``outputs`` are
    written. ``store`` names the changelog (``<application>-<store>-changelog``); None for an application
    without state, which corrects nothing either, since corrections are remembered in the changelog.

    Applications of one name with different inputs are stages of one: a worker runs them all, in one group.
    """

    name: str
    inputs: tuple[str, ...]
    broadcast: tuple[str, ...]
    store: str | None
    shared: Shared
    fold: FoldFactory
    outputs: tuple[str, ...] = ()
    parking: Parking | None = None
    """Where records go that can never be folded; without it the first of them ends the process."""
    holding: KeyHolding | None = None
    """For inputs on which later records of a key wait behind one that was parked."""
    tables: tuple[str, ...] = ()
    """Inputs that are state themselves: a new owner of a partition folds them from their beginning to their
    end before any record flows. Their records may lack a value, which ends what their key stands for."""
    corrects: bool = True
    """Whether rows are written again when broadcast knowledge changes; this is remembered in the store."""
    waits_for: Mapping[type[Exception], str] = field(default_factory=dict)
    """Errors of a fold or of ``shared`` that pass by themselves, and the part that each waits for."""
    rewritten: Callable[[], Mapping[str, int]] = dict
    """How many records of each topic were decoded and written anew so far, since another schema had written
    them, or another codec in a form of its own: right, and twenty times as dear."""

    @property
    def changelog(self) -> str | None:
        """The topic that holds the state, named as Faust names those of its tables."""
        return self.store and f"{self.name}-{self.store}-changelog"
