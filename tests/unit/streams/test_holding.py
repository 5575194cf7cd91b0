"""Keys that a stream holds, within a batch and after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mesh.kernel.dead_letter import DeadLetter, headers_of, read_letter
from streams import holding
from streams.engine.fold import Application, Fetched
from streams.engine.options import Options
from streams.engine.stage import Stage
from streams.holding import HeldKeys
from tests.unit.streams.engine.parts import NotedFold, NotedShared, record

FACT = "test.public.fact.v1"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Letters:
    """The dead letters that there are; ``asked`` are the topics that were read."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []
        self.asked: list[frozenset[str]] = []

    def read(self, _kafka: str, topics: frozenset[str], *, cancelled: Any) -> Iterator[DeadLetter]:
        """As :func:`mesh.kernel.dead_log.read_dead_letters` does."""
        assert not cancelled()
        self.asked.append(topics)
        return iter(self.letters)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Letters:
    """None, to begin with."""
    letters = Letters()
    monkeypatch.setattr(holding, "read_dead_letters", letters.read)
    return letters


def stage() -> Stage:
    """A stage with two partitions whose holdings have been recalled."""
    stage = Stage(
        Application(
            name="test.noted",
            inputs=(FACT,),
            broadcast=(),
            store=None,
            shared=NotedShared(),
            fold=lambda partition, _shared: NotedFold(partition),
            holding=HeldKeys("test.noted", "127.0.0.1:1", [FACT]),
        ),
        Options("127.0.0.1:1", Path("unused")),
    )
    stage.own({0, 1})
    stage.recall([0, 1], lambda: False)
    return stage


def parked(stage: Stage, *records: Fetched) -> list[tuple[int, str]]:
    """Offsets and codes of what a batch of the first partition parks."""
    return [(one.record[0], one.code) for one in stage.fold(0, FACT, records)]


@pytest.mark.usefixtures("letters")
def test_an_interrupted_batch_is_folded_again_alike() -> None:
    """What was read before the interruption does not wait behind what came after it."""
    here = stage()
    batch = [record(0, b"v"), record(1, b"poison"), record(2, b"v")]
    assert parked(here, *batch) == parked(here, *batch) == [(1, "undecodable"), (2, "waiting-behind")]


def test_what_is_held_is_learned_from_the_dead_letters(letters: Letters) -> None:
    """By a new owner of a partition, before its records flow."""
    said = {"topic": FACT, "offset": 3, "consumer": "test.noted", "code": "undecodable", "reason": "no"}
    letters.letters = [
        read_letter(b"key", b"poison", headers_of(**said, partition=0, value=b"", seen=NOW), 0)
    ]
    here = stage()
    assert letters.asked == [{"test.dead.fact.v1"}]
    assert parked(here, record(4, b"v")) == [(4, "waiting-behind")]
    assert here.fold(1, FACT, [record(4, b"v")]) == []
