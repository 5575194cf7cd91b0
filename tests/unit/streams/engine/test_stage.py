"""A stage: folds by partition, their recovery, and what cannot be folded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from streams.engine import marks
from streams.engine.errors import EngineError, WaitError
from streams.engine.holding import Holding
from streams.engine.stage import Stage
from tests.unit.streams.engine.parts import (
    FACT,
    GROUP,
    OPTIONS,
    AwayError,
    ListedReader,
    application,
    record,
)


@pytest.fixture
def stage() -> Stage:
    """A stage that owns two partitions."""
    stage = Stage(application(), OPTIONS)
    stage.own({0, 1})
    return stage


CHANGELOG = "test.noted-state-changelog"


def changelog(*batches: list[tuple[bytes, bytes]]) -> ListedReader:
    """A changelog of these entries."""
    return ListedReader({CHANGELOG: [[record(0, value, key) for key, value in batch] for batch in batches]})


def recover(stage: Stage, reader: ListedReader) -> int:
    """Recover the first partition."""
    read: Any = reader
    return asyncio.run(stage.recover(0, read))


def never() -> bool:
    """Not cancelled."""
    return False


def test_records_without_key_or_value_never_reach_the_fold(stage: Stage) -> None:
    """They are rejected with their codes, beside what the fold itself rejects."""
    batch = [
        record(1, b"a"),
        record(2, None),
        record(3, b"b", None),
        record(4, b"poison"),
        record(5, None, None),
    ]
    rejections = stage.fold(0, FACT, batch)
    assert [(one.record[0], one.code) for one in rejections] == [
        (2, "undecodable"),
        (3, "key-mismatch"),
        (4, "undecodable"),
        (5, "undecodable"),
    ]


def test_broadcast_records_that_cannot_be_read_are_kept_for_parking(stage: Stage) -> None:
    """With the error's code, and only as long as no mark covers them."""
    assert stage.put(GROUP, record(0, b"good")) == b"good"
    assert stage.put(GROUP, record(1, b"bad")) is None
    assert stage.put(GROUP, record(2, None)) is None
    assert stage.positions == {GROUP: 3}
    assert [one.rejection.reason for one in stage.to_park(0)] == [
        "it is bad",
        "the record has no value (a tombstone)",
    ]
    stage.partitions[0].corrected = {GROUP: 2}
    assert [one.rejection.record[0] for one in stage.to_park(0)] == [2]


def test_partitions_of_others_are_forgotten(stage: Stage) -> None:
    """And those that stay keep their fold."""
    kept = stage.partitions[1].fold
    stage.own({1, 2})
    assert set(stage.partitions) == {1, 2}
    assert stage.partitions[1].fold is kept


def test_only_two_successive_generations_miss_nothing(stage: Stage) -> None:
    """After a gap somebody else may have written, even if the partition never seemed to leave."""
    stage.partitions[0].generation = 4
    assert stage.kept(0, 5)
    assert not stage.kept(0, 6)
    assert not stage.kept(0, 4)
    assert not stage.kept(1, 0)
    assert stage.ready(0, 4)
    assert not stage.ready(0, 5)
    assert not stage.ready(3, 5)


def test_recovery_reads_on_from_where_it_left(stage: Stage) -> None:
    """Entries go to the fold, marks to the partition."""
    reader = changelog([(b"k", b"1"), marks.encode(3, {GROUP: 8})], [(b"k", b"2")])
    assert recover(stage, reader) == 3
    assert recover(stage, reader) == 3
    assert reader.asked == [(CHANGELOG, 0, 0), (CHANGELOG, 0, 3)]
    assert stage.partitions[0].fold.recovered == [(b"k", b"1"), (b"k", b"2")] * 2
    assert stage.partitions[0].corrected == {GROUP: 8}


@pytest.mark.parametrize("order", [(3, 5), (5, 3)])
def test_the_mark_of_the_highest_generation_holds(stage: Stage, order: tuple[int, int]) -> None:
    """A worker that has lost the partition unawares cannot speak for its successor, whenever it writes."""
    recover(stage, changelog([marks.encode(generation, {GROUP: 100 - generation}) for generation in order]))
    assert stage.partitions[0].corrected == {GROUP: 95}


def test_a_new_broadcast_topic_is_not_corrected_at_all() -> None:
    """A mark of before it was read says nothing about it."""
    stage = Stage(application(broadcast=(GROUP, "clock")), OPTIONS)
    stage.own({0})
    recover(stage, changelog([marks.encode(1, {GROUP: 4, "gone": 9})]))
    assert stage.partitions[0].corrected == {GROUP: 4, "clock": 0}


def test_corrections_need_a_store() -> None:
    """Else a correction that was due when the worker died would be lost."""
    with pytest.raises(EngineError, match="store-missing"):
        Stage(application(store=None), OPTIONS)
    stateless = Stage(application(store=None, broadcast=()), OPTIONS)
    stateless.own({0})
    assert recover(stateless, changelog()) == 0


class Queue:
    """Holds a key from its first rejection on; what waits is parked as ``waiting``."""

    def __init__(self) -> None:
        self.keys: dict[bytes, int] = {}

    def verdict(self, offset: int, key: bytes | None, *_: Any) -> tuple[str, str] | None:
        """Whether a record waits."""
        first = self.keys.get(key, offset) if key else offset
        return ("waiting", f"behind {first}") if first < offset else None

    def refused(self, offset: int, key: bytes | None, _code: str, _reason: str) -> None:
        """Hold its key."""
        if key:
            self.keys.setdefault(key, offset)


class Queues:
    """A queue for each partition of one topic; ``asked`` are the places that were recalled."""

    topics = sources = frozenset({FACT})

    def __init__(self) -> None:
        self.asked: list[list[tuple[str, int]]] = []

    def recall(
        self, places: Iterable[tuple[str, int]], cancelled: Callable[[], bool]
    ) -> Mapping[tuple[str, int], Holding]:
        """Empty ones."""
        assert not cancelled()
        self.asked.append(list(places))
        return {place: Queue() for place in self.asked[-1]}


@pytest.fixture
def holding() -> Stage:
    """A stage that holds keys."""
    stage = Stage(application(holding=Queues()), OPTIONS)
    stage.own({0, 1})
    stage.recall([0], never)
    return stage


def parked(stage: Stage, *records: Any) -> list[tuple[int, str]]:
    """Offsets and codes of what a batch parks."""
    return [(one.record[0], one.code) for one in stage.fold(0, FACT, list(records))]


def test_later_records_of_a_key_wait_within_the_batch(holding: Stage) -> None:
    """And in the next one; what lacks a value holds its key too, what lacks a key does not."""
    batch = [
        record(0, b"v"),
        record(1, b"poison"),
        record(2, b"v"),
        record(3, b"v", b"other"),
        record(4, b"v", None),
    ]
    assert parked(holding, *batch) == [(1, "undecodable"), (2, "waiting"), (4, "key-mismatch")]
    assert parked(holding, record(5, b"poison"), record(6, None, b"other"), record(7, b"v", b"other")) == [
        (5, "waiting"),
        (6, "undecodable"),
        (7, "waiting"),
    ]
    emission = holding.partitions[0].fold.take(9)
    assert emission is not None
    assert [key for key, _, _ in emission.outputs[0].rows] == [b"key", b"other"]


def test_on_other_topics_nothing_waits(stage: Stage) -> None:
    """Unless the application says so."""
    assert parked(stage, record(1, b"poison"), record(2, b"v")) == [(1, "undecodable")]


def test_what_is_held_is_recalled_for_new_partitions_alone(holding: Stage) -> None:
    """Before their records flow; an application that holds nothing is not asked."""
    queues = holding.application.holding
    assert isinstance(queues, Queues)
    holding.recall([], never)
    assert queues.asked == [[(FACT, 0)]]
    assert set(holding.partitions[0].holdings) == {FACT}
    assert holding.partitions[1].holdings == {}


def test_errors_that_pass_are_told_from_faults(stage: Stage) -> None:
    """By the application; the runtime waits for the part that it names."""
    stage.partitions[0].fold.trouble = [AwayError("no answer"), KeyError("a bug")]
    stage.application.shared.trouble = [AwayError("nor here")]
    with pytest.raises(WaitError, match="no answer") as waited:
        stage.fold(0, FACT, [record(0, b"v")])
    assert waited.value.part == "elsewhere"
    with pytest.raises(KeyError):
        stage.fold(0, FACT, [record(0, b"v")])
    with pytest.raises(WaitError, match="nor here"):
        stage.put(GROUP, record(0, b"v"))
    assert stage.positions == {GROUP: 0}
