"""The agent's work on batches: nothing is acknowledged before all that follows from it is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.engine import processor as module
from streams.engine.errors import EngineError
from streams.engine.fold import Fetched
from streams.engine.meter import Meter
from streams.engine.parking import DeadTopics
from streams.engine.processor import Processor
from tests.unit.streams.engine.parts import (
    FACT,
    OPTIONS,
    ROW,
    AwayError,
    ListedWriter,
    NotedFold,
    application,
    record,
)

GENERATION = 3


class StoppedError(Exception):
    """The process would have ended."""


class Event:
    """A batch as Faust hands it over."""

    def __init__(self, writer: ListedWriter, *records: Fetched, partition: int = 0) -> None:
        self._writer = writer
        self.message = SimpleNamespace(
            topic=FACT,
            partition=partition,
            tp=(FACT, partition),
            offset=records[-1][0],
            timestamp=1_700_000_000.0,
            value=list(records),
            generation_id=GENERATION,
        )

    def ack(self) -> None:
        """List the acknowledgement among the writes."""
        self._writer.events.append(("ack", self.message.offset))


class Stream:
    """Events, and how many wait behind the present one."""

    def __init__(self, *events: Event) -> None:
        self._events = list(events)
        self.channel = SimpleNamespace(queue=SimpleNamespace(empty=lambda: not self._events))

    def noack(self) -> Stream:
        """The same."""
        return self

    async def events(self) -> AsyncIterator[Event]:
        """One after another."""
        while self._events:
            yield self._events.pop(0)


class Setting:
    """A processor whose first partition is ready."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path, limit: int = 10) -> None:
        self.writer: Any = ListedWriter()
        self.commits = 0

        async def commit() -> None:
            self.commits += 1

        self.app: Any = SimpleNamespace(
            consumer_generation_id=GENERATION,
            rebalancing_count=1,
            should_stop=False,
            delivering=False,
            monitor=SimpleNamespace(tp_end_offsets={}),
            consumer=SimpleNamespace(commit=commit),
            conf=SimpleNamespace(datadir=home),
        )
        monkeypatch.setattr(module, "Writer", lambda *_: self.writer)
        monkeypatch.setattr(module, "fail_stop", self._stopped)
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
        self.processor = Processor(self.app, [application(parking=DeadTopics(limit=limit))], OPTIONS, Meter())
        (self.stage,) = self.processor._stages
        self.stage.own({0})
        self.stage.partitions[0].generation = GENERATION
        self.fold: Any = self.stage.partitions[0].fold
        assert isinstance(self.fold, NotedFold)

    def _stopped(self, problem: Exception, place: str) -> None:
        raise StoppedError(str(problem), place)

    def run(self, *events: Event) -> list[Any]:
        """What is written when the agent is given these events."""
        asyncio.run(self.processor._agent(Stream(*events)))
        return list(self.writer.events)


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Setting:
    """One for each test."""
    return Setting(monkeypatch, tmp_path)


def test_a_batch_is_acknowledged_after_the_flush(setting: Setting) -> None:
    """Rows, changelog and dead letters are on the broker by then."""
    written = setting.run(Event(setting.writer, record(0, b"a"), record(1, b"poison")))
    assert [event if isinstance(event, str) else event[0] for event in written] == [
        "dead",
        "row",
        "entry",
        "flush",
        "ack",
    ]
    assert written[1] == ("row", ROW, 0, b"key", b"a")
    assert written[-1] == ("ack", 1)


def test_batches_of_one_fetch_are_settled_in_one_round(setting: Setting) -> None:
    """Though the queue is empty after each of them: the last is known when the fetch is delivered."""
    setting.app.delivering = True

    async def scene() -> list[Any]:
        settling = asyncio.create_task(setting.processor._settle_delivered())
        await setting.processor._agent(Stream(Event(setting.writer, record(0, b"a"))))
        await setting.processor._agent(Stream(Event(setting.writer, record(1, b"b"))))
        before = list(setting.writer.events)
        setting.app.delivering = False
        setting.app.delivered()
        await asyncio.sleep(0.01)
        settling.cancel()
        return before

    assert asyncio.run(scene()) == []
    written = [event if isinstance(event, str) else event[0] for event in setting.writer.events]
    assert written.count("flush") == 1
    assert setting.writer.events[-2:] == [("ack", 0), ("ack", 1)]


def test_records_that_were_written_anew_are_told_once(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the batch that they came with, as many as came since the batch before."""
    told: list[tuple[str, int]] = []
    counts = {FACT: 2, "quiet": 0}
    monkeypatch.setattr(setting.processor._meter, "rewritten", lambda *sign: told.append(sign))
    setting.stage.application = replace(setting.stage.application, rewritten=lambda: counts)
    setting.run(Event(setting.writer, record(0, b"a")))
    setting.run(Event(setting.writer, record(1, b"a")))
    counts[FACT] = 5
    setting.run(Event(setting.writer, record(2, b"a")))
    assert told == [(FACT, 2), (FACT, 3)]


def test_too_many_in_flight_are_flushed(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait behind them."""
    monkeypatch.setattr(module, "HANDED_OVER", 1)
    monkeypatch.setattr(module, "GROUP_RECORDS", 2)
    events = [Event(setting.writer, record(offset, b"a")) for offset in range(4)]
    assert setting.run(*events).count("flush") == 2


def test_what_has_waited_long_enough_is_flushed(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that slow folds do not put off acknowledgements."""
    monkeypatch.setattr(module, "HANDED_OVER", 1)
    monkeypatch.setattr(module, "GROUP_SECONDS", 0.0)
    events = [Event(setting.writer, record(offset, b"a")) for offset in range(3)]
    assert setting.run(*events).count("flush") == 3


def test_a_row_that_waiting_batches_touch_is_written_once(setting: Setting) -> None:
    """What follows from them is handed over together, and acknowledged after it."""
    written = setting.run(*(Event(setting.writer, record(offset, b"a")) for offset in range(3)))
    assert [event if isinstance(event, str) else event[0] for event in written] == [
        *["row"] * 3,
        *["entry"] * 3,
        "flush",
        *["ack"] * 3,
    ]


def test_much_is_handed_over_before_the_last_batch(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is sent while the others are folded; nothing is waited for yet."""
    monkeypatch.setattr(module, "HANDED_OVER", 2)
    written = setting.run(*(Event(setting.writer, record(offset, b"a")) for offset in range(3)))
    kinds = [event if isinstance(event, str) else event[0] for event in written]
    assert kinds == ["row", "row", "entry", "entry", "row", "entry", "flush", "ack", "ack", "ack"]


def test_a_rebalance_hands_over_what_was_folded(setting: Setting) -> None:
    """Before the partition is given up: its next owner must not miss a row that an acknowledgement covers."""

    async def work() -> None:
        await setting.processor._batch(Event(setting.writer, record(0, b"a")))
        assert setting.writer.events == []
        await setting.processor._settle_all()

    asyncio.run(work())
    assert [event if isinstance(event, str) else event[0] for event in setting.writer.events] == [
        "row",
        "entry",
        "flush",
        "ack",
    ]


@pytest.mark.parametrize("why", ["generation", "not ready", "not here"])
def test_what_is_no_longer_ours_is_left(setting: Setting, why: str) -> None:
    """Neither folded nor acknowledged: the owner of the partition reads it again."""
    event = Event(setting.writer, record(0, b"a"), partition=1 if why == "not here" else 0)
    if why == "generation":
        event.message.generation_id = GENERATION - 1
    if why == "not ready":
        setting.stage.partitions[0].generation = GENERATION - 1
    assert setting.run(event) == []
    assert setting.fold.batches == 0


def test_a_rebalance_during_the_flush_takes_the_acknowledgement_away(setting: Setting) -> None:
    """The rows are written, and written once more by the next owner."""

    async def flush() -> None:
        setting.app.consumer_generation_id += 1

    setting.writer.flush = flush
    assert ("ack", 0) not in setting.run(Event(setting.writer, record(0, b"a")))


def test_another_part_is_waited_for_in_place(setting: Setting) -> None:
    """The fold is given the same batch again; nothing is parked."""
    setting.fold.trouble = [AwayError("no answer")] * 3
    written = setting.run(Event(setting.writer, record(0, b"a")))
    assert setting.fold.batches == 4
    assert written[-1] == ("ack", 0)
    assert not [event for event in written if event[0] == "dead"]


def test_a_rebalance_ends_the_waiting(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the whole group would wait with it; the batch is not acknowledged."""
    setting.fold.trouble = [AwayError("no answer")] * 1000

    async def rebalance(_seconds: float) -> None:
        setting.app.rebalancing_count += 1

    monkeypatch.setattr(asyncio, "sleep", rebalance)
    assert setting.run(Event(setting.writer, record(0, b"a"))) == []
    assert setting.fold.batches == 1


def test_the_end_ends_the_waiting(setting: Setting) -> None:
    """A worker that is asked to stop does not wait until it is killed."""
    setting.app.should_stop = True
    assert setting.run(Event(setting.writer, record(0, b"a"))) == []


def test_a_bug_ends_the_process_before_the_acknowledgement(setting: Setting) -> None:
    """What was done before is committed; the place says which records were being folded."""
    setting.fold.trouble = []
    bad = Event(setting.writer, record(7, b"a"), record(9, b"b"))
    setting.run(Event(setting.writer, record(0, b"a")))
    setting.fold.trouble = [KeyError("oops")]
    with pytest.raises(StoppedError, match=r"fact\[0\]@7-9"):
        setting.run(bad)
    assert setting.commits == 1
    assert ("ack", 9) not in setting.writer.events


def test_too_much_poison_ends_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After the batches before it were finished and committed."""
    setting = Setting(monkeypatch, tmp_path, limit=2)
    good = Event(setting.writer, record(0, b"a"))
    bad = Event(setting.writer, *(record(offset, b"poison") for offset in range(1, 4)))
    with pytest.raises(StoppedError, match="dead-letter-limit"):
        setting.run(good, bad)
    assert ("ack", 0) in setting.writer.events
    assert ("ack", 3) not in setting.writer.events
    assert not [event for event in setting.writer.events if event[0] == "dead"]
    assert setting.commits == 1


def test_partitions_that_do_not_belong_together_end_the_process(setting: Setting) -> None:
    """An assignor that scatters them would split an entity's facts between workers."""
    setting.processor._by_input["more"] = setting.stage
    setting.app.consumer.assignment = lambda: {
        TP(FACT, 0),
        TP("more", 1),
    }
    with pytest.raises(EngineError, match="not-co-partitioned"):
        setting.processor._owned()
