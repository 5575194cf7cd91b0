"""A stage: folds by partition, their recovery, and what cannot be folded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mesh.kernel.dead_letter import headers_of, read_letter
from mesh.kernel.errors import StreamError
from mesh.kernel.settings import Settings
from streams.engine import changelog, marks
from streams.engine import stage as stage_module
from streams.engine.stage import Stage
from tests.unit.streams.engine.parts import FACT, GROUP, application, record

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def stage() -> Stage:
    """A stage that owns two partitions."""
    stage = Stage(application(), Settings())
    stage.own({0, 1})
    return stage


def in_changelog(monkeypatch: pytest.MonkeyPatch, *batches: changelog.Entries) -> list[int]:
    """Have the changelog hold these entries; return the positions that it is read from."""
    positions: list[int] = []

    def read(_settings: Any, topic: str, _partition: int, position: int, take: Any, _cancelled: Any) -> int:
        assert topic == "test.noted-state-changelog"
        positions.append(position)
        for batch in batches:
            take(batch)
        return position + sum(map(len, batches))

    monkeypatch.setattr(changelog, "read", read)
    return positions


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


def test_recovery_reads_on_from_where_it_left(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries go to the fold, marks to the partition."""
    positions = in_changelog(monkeypatch, [(b"k", b"1"), marks.encode(3, {GROUP: 8})], [(b"k", b"2")])
    assert stage.recover(0, never) == 3
    assert stage.recover(0, never) == 3
    assert positions == [0, 3]
    assert stage.partitions[0].fold.recovered == [(b"k", b"1"), (b"k", b"2")] * 2  # type: ignore[attr-defined]
    assert stage.partitions[0].corrected == {GROUP: 8}


@pytest.mark.parametrize("order", [(3, 5), (5, 3)])
def test_the_mark_of_the_highest_generation_holds(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, order: tuple[int, int]
) -> None:
    """A worker that has lost the partition unawares cannot speak for its successor, whenever it writes."""
    in_changelog(monkeypatch, [marks.encode(generation, {GROUP: 100 - generation}) for generation in order])
    stage.recover(0, never)
    assert stage.partitions[0].corrected == {GROUP: 95}


def test_a_new_broadcast_topic_is_not_corrected_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark of before it was read says nothing about it."""
    stage = Stage(application(broadcast=(GROUP, "test.public.clock.v1")), Settings())
    stage.own({0})
    in_changelog(monkeypatch, [marks.encode(1, {GROUP: 4, "test.public.gone.v1": 9})])
    stage.recover(0, never)
    assert stage.partitions[0].corrected == {GROUP: 4, "test.public.clock.v1": 0}


def test_corrections_need_a_store() -> None:
    """Else a correction that was due when the worker died would be lost."""
    with pytest.raises(StreamError, match="store-missing"):
        Stage(application(store=None), Settings())
    stateless = Stage(application(store=None, broadcast=()), Settings())
    stateless.own({0})
    assert stateless.recover(0, never) == 0


HOLDING = frozenset({FACT})


def parked(stage: Stage, *records: Any) -> list[tuple[int, str]]:
    """Offsets and codes of what a batch parks."""
    return [(one.record[0], one.code) for one in stage.fold(0, FACT, list(records))]


def test_later_records_of_a_key_wait_within_the_batch() -> None:
    """And in the next one; what lacks a value holds its key too, what lacks a key does not."""
    stage = Stage(application(holding=HOLDING), Settings())
    stage.own({0})
    batch = [
        record(0, b"v"),
        record(1, b"poison"),
        record(2, b"v"),
        record(3, b"v", b"other"),
        record(4, b"v", None),
    ]
    assert parked(stage, *batch) == [(1, "undecodable"), (2, "waiting-behind"), (4, "key-mismatch")]
    assert parked(stage, record(5, b"poison"), record(6, None, b"other"), record(7, b"v", b"other")) == [
        (5, "waiting-behind"),
        (6, "undecodable"),
        (7, "waiting-behind"),
    ]
    emission = stage.partitions[0].fold.take(9)
    assert emission is not None
    assert [key for key, _, _ in emission.outputs[0].rows] == [b"key", b"other"]


def test_an_interrupted_batch_is_folded_again_alike() -> None:
    """What was read before the interruption does not wait behind what came after it."""
    stage = Stage(application(holding=HOLDING), Settings())
    stage.own({0})
    batch = [record(0, b"v"), record(1, b"poison"), record(2, b"v")]
    assert parked(stage, *batch) == parked(stage, *batch) == [(1, "undecodable"), (2, "waiting-behind")]


def test_on_other_topics_nothing_waits(stage: Stage) -> None:
    """A key names one revision there."""
    assert parked(stage, record(1, b"poison"), record(2, b"v")) == [(1, "undecodable")]


def test_what_is_held_is_learned_from_the_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a new owner of a partition, before its records flow."""
    stage = Stage(application(holding=HOLDING), Settings())
    stage.own({0, 1})
    said = {"topic": FACT, "offset": 3, "consumer": "test.noted", "code": "undecodable", "reason": "no"}
    letters = [
        read_letter(b"key", b"poison", headers_of(**said, partition=n, value=b"", seen=NOW), 0)
        for n in (0, 1)
    ]
    asked: list[set[str]] = []

    def read(_kafka: str, topics: set[str], *, cancelled: Any) -> Any:
        asked.append(topics)
        return iter(letters)

    monkeypatch.setattr(stage_module, "read_dead_letters", read)
    stage.recall([0], never)
    assert asked == [{"test.dead.fact.v1"}]
    assert parked(stage, record(4, b"v")) == [(4, "waiting-behind")]
    assert stage.fold(1, FACT, [record(4, b"v")]) == []
    stage.recall([], never)
    Stage(application(), Settings()).recall([0], never)
    assert len(asked) == 1
