"""Corrections: rows first, then the mark, and nothing twice."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from streams.engine import marks
from streams.engine.corrections import Corrections
from streams.engine.meter import Meter
from streams.engine.stage import Stage
from tests.unit.streams.engine.parts import GROUP, OPTIONS, ROW, AwayError, ListedWriter, application, record

CHANGELOG = "test.noted-state-changelog"
GENERATION = 5


class Setting:
    """A stage with two partitions that are ready, and a broadcast reader with an inbox."""

    def __init__(self) -> None:
        self.stage = Stage(application(), OPTIONS)
        self.own(0, 1)
        self.writer: Any = ListedWriter()
        self.reader: Any = SimpleNamespace(inbox=deque(), read_to_end=lambda _cancelled: None)
        self.corrections = Corrections("test.noted", [self.stage], self.reader, self.writer, Meter())

    def own(self, *numbers: int) -> None:
        """Own these partitions, ready."""
        self.stage.own(numbers)
        for partition in self.stage.partitions.values():
            partition.generation = GENERATION

    def receive(self, offset: int, value: bytes) -> None:
        """A broadcast record comes."""
        self.reader.inbox.append((GROUP, record(offset, value)))

    def follow(self) -> list[Any]:
        """What is written when the inbox is taken in."""
        self.writer.events.clear()
        asyncio.run(self.corrections.follow(GENERATION))
        return list(self.writer.events)


@pytest.fixture
def setting() -> Setting:
    """One for each test."""
    return Setting()


def mark(partition: int, position: int) -> tuple[Any, ...]:
    """The write of a mark."""
    return ("entry", CHANGELOG, partition, *marks.encode(GENERATION, {GROUP: position}))


def test_rows_are_safe_before_the_mark_is_written(setting: Setting) -> None:
    """Of all partitions that are here."""
    setting.receive(0, b"change")
    assert setting.corrections.waiting
    assert setting.follow() == [
        ("row", ROW, 0, b"corrected", b"change"),
        ("row", ROW, 1, b"corrected", b"change"),
        "flush",
        mark(0, 1),
        mark(1, 1),
    ]
    assert not setting.corrections.waiting
    assert setting.follow() == []


def test_a_partition_that_is_being_recovered_is_left_alone(setting: Setting) -> None:
    """It will be corrected from its own mark on, which may be an older one."""
    setting.stage.partitions[1].generation = GENERATION - 1
    setting.receive(0, b"change")
    assert [event[2] for event in setting.follow() if event != "flush"] == [0, 0]
    assert setting.stage.partitions[1].corrected == {GROUP: 0}


def test_a_bad_record_is_parked_by_the_owner_of_the_first_partition(setting: Setting) -> None:
    """Once, though every worker reads it, and before a mark covers it."""
    setting.receive(0, b"bad")
    dead, flush, marked = setting.follow()
    assert dead[:5] == ("dead", "group.dead", None, b"key", b"bad")
    assert flush == "flush"
    assert marked == mark(0, 1)
    assert setting.follow() == []
    setting.own(1)
    setting.receive(1, b"bad")
    assert setting.follow() == []
    setting.own(0, 1)  # a new owner, whose partition's mark may not cover it
    setting.stage.partitions[0].corrected = {GROUP: 1}
    assert [event[0] for event in setting.follow() if event != "flush"] == ["dead", "entry"]


def test_a_new_owner_leaves_a_mark_even_if_nothing_changed(setting: Setting) -> None:
    """One that its predecessor writes later must not speak for rows of who may know less."""
    asyncio.run(setting.corrections.correct(setting.stage, GENERATION, {0: ()}))
    assert setting.writer.events == ["flush", mark(0, 0)]


def test_without_broadcast_topics_there_is_nothing_to_correct(setting: Setting) -> None:
    """No marks either."""
    stage = Stage(application(broadcast=()), OPTIONS)
    stage.own({0})
    assert asyncio.run(setting.corrections.correct(stage, GENERATION, {0: ()})) == 0
    assert setting.writer.events == []


def test_a_record_that_needs_another_part_waits_in_its_place(setting: Setting) -> None:
    """Neither lost, nor parked, nor passed by a mark."""
    setting.stage.application.shared.trouble = [AwayError("no answer")]
    setting.receive(0, b"change")
    assert setting.follow() == []
    assert setting.stage.positions == {GROUP: 0}
    assert [event for event in setting.follow() if event != "flush"][-1] == mark(1, 1)


def test_what_was_taken_in_is_told(setting: Setting) -> None:
    """Who waits for it can go on, or wait for the part that does not answer."""
    setting.stage.partitions.clear()
    setting.receive(0, b"a")
    assert asyncio.run(setting.corrections.follow(GENERATION))
    assert not asyncio.run(setting.corrections.follow(GENERATION))
    assert setting.stage.positions == {GROUP: 1}
    assert setting.writer.events == []
