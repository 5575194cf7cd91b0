"""After a rebalance: what stays flows at once, what came when it is up to date, and nothing knows less."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.engine import recovery as module
from streams.engine.corrections import Corrections
from streams.engine.fold import Fetched
from streams.engine.meter import Meter
from streams.engine.recovery import Recovery
from streams.engine.stage import Stage
from tests.unit.streams.engine.parts import GROUP, OPTIONS, ROW, ListedWriter, application, record

GENERATION = 4


class Worker:
    """A worker whose first partition was ready in the generation before, on a group that has rebalanced.

    Each piece of a changelog is read when ``gate`` lets it.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.home = home
        self.app: Any = SimpleNamespace(
            consumer_generation_id=GENERATION,
            rebalancing_count=1,
            should_stop=False,
            conf=SimpleNamespace(datadir=home),
        )
        self.stage = Stage(application(), OPTIONS)
        self.stage.own({0})
        self.stage.partitions[0].generation = GENERATION - 1
        self.writer: Any = ListedWriter()
        self.broadcast: Any = SimpleNamespace(inbox=deque(), read_to_end=lambda _cancelled: None)
        self.corrections = Corrections("test.noted", [self.stage], self.broadcast, self.writer, Meter())
        self.gate = asyncio.Semaphore(0)
        self.asked: list[tuple[int, int]] = []
        self.stopped: list[tuple[Exception, str]] = []
        self.recovery = Recovery(
            *(self.app, OPTIONS, [self.stage], self.corrections, self.writer, Meter(), asyncio.Lock()),
            self._stop,
        )
        monkeypatch.setattr(module, "ChangelogReader", self._reader)

    async def _stop(self, problem: Exception, place: str) -> None:
        self.stopped.append((problem, place))

    def _reader(self, _options: Any, cancelled: Callable[[], bool]) -> Any:
        worker = self

        class Reader:
            """A changelog of one entry in each partition."""

            def __init__(self) -> None:
                self.cancelled = cancelled

            async def __aenter__(self) -> Reader:
                return self

            async def __aexit__(self, *_: object) -> None:
                pass

            async def read(
                self, _topic: str, number: int, position: int
            ) -> AsyncIterator[tuple[list[Fetched], int]]:
                worker.asked.append((number, position))
                while worker.gate.locked():
                    if cancelled():
                        return
                    await asyncio.sleep(0.001)
                await worker.gate.acquire()
                if position == 0:
                    yield [record(0, b"known")], 1
                yield [], 1

        return Reader()

    def ready(self) -> list[int]:
        """The partitions that flow."""
        return [
            one for one in self.stage.partitions if self.stage.ready(one, self.app.consumer_generation_id)
        ]

    def let(self, pieces: int) -> None:
        """Let so many changelogs be read."""
        for _ in range(pieces):
            self.gate.release()

    async def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.001)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Worker:
    """One for each test."""
    return Worker(monkeypatch, tmp_path)


def test_what_stays_flows_at_once_and_what_came_one_by_one(worker: Worker) -> None:
    """In the order of their numbers; each leaves a mark before it flows."""

    async def work() -> None:
        assert worker.ready() == []
        await worker.recovery.begin({0, 1, 2})
        assert worker.ready() == [0]
        assert worker.asked == []
        worker.let(1)
        await worker.eventually(lambda: worker.ready() == [0, 1])
        worker.let(1)
        await worker.recovery.over()
        assert worker.ready() == [0, 1, 2]

    asyncio.run(work())
    assert worker.asked == [(1, 0), (2, 0)]
    assert [event[2] for event in worker.writer.events if event[0] == "entry"] == [1, 2]
    assert worker.stage.partitions[2].fold.recovered == [(b"key", b"known")]
    assert worker.stopped == []


def test_a_recovery_gives_way_to_the_next_rebalance(worker: Worker) -> None:
    """Which reads on what it has left; what it has made ready stays so."""

    async def work() -> None:
        await worker.recovery.begin({0, 1, 2})
        worker.let(1)
        await worker.eventually(lambda: worker.ready() == [0, 1])
        worker.app.rebalancing_count += 1
        worker.app.consumer_generation_id += 1
        await worker.recovery.over()
        assert worker.ready() == []
        await worker.recovery.begin({0, 1, 2})
        assert worker.ready() == [0, 1]
        worker.let(1)
        await worker.recovery.over()
        assert worker.ready() == [0, 1, 2]

    asyncio.run(work())
    assert worker.asked == [(1, 0), (2, 0), (2, 0)]


def test_a_change_during_a_recovery_reaches_all_partitions(worker: Worker) -> None:
    """Those that flow at once, those that came when they are ready, and each once."""

    async def work() -> None:
        await worker.recovery.begin({0, 1})
        worker.broadcast.inbox.append((GROUP, record(0, b"change")))
        await worker.corrections.follow(GENERATION)
        assert [event[2] for event in worker.writer.events if event[0] == "row"] == [0]
        worker.let(1)
        await worker.recovery.over()

    asyncio.run(work())
    rows = [event for event in worker.writer.events if event[0] == "row"]
    assert rows == [("row", ROW, number, b"corrected", b"change") for number in (0, 1)]


def test_what_was_broadcast_before_is_known_before_rows(worker: Worker) -> None:
    """Rows of a new owner must show no less than those of the owner before."""
    worker.broadcast.inbox.extend((GROUP, record(offset, b"%d" % offset)) for offset in range(3))
    worker.stage.own(())

    async def work() -> None:
        await worker.recovery.begin({1})
        worker.let(1)
        await worker.recovery.over()

    asyncio.run(work())
    assert worker.stage.positions == {GROUP: 3}
    rows = [event[4] for event in worker.writer.events if event[0] == "row"]
    assert sorted(rows) == [b"0", b"1", b"2"]


def test_what_it_had_is_read_ahead_and_read_on(worker: Worker) -> None:
    """Before it has any partition; nothing flows, and nothing is written, until it is given it."""
    worker.stage.own(())

    async def work() -> None:
        (worker.home / "partitions.json").write_text("[1, 2]")
        worker.recovery.foresee()
        worker.let(1)
        await worker.eventually(lambda: len(worker.asked) == 2)
        assert worker.ready() == []
        assert worker.writer.events == []
        await worker.recovery.over()
        await worker.recovery.begin({1, 3})
        worker.let(2)
        await worker.recovery.over()
        assert worker.ready() == [1, 3]

    asyncio.run(work())
    assert worker.asked == [(1, 0), (2, 0), (1, 1), (3, 0)]
    assert worker.stage.partitions[1].fold.recovered == [(b"key", b"known")]
    assert json.loads((worker.home / "partitions.json").read_text()) == [1, 3]


@pytest.mark.parametrize("left", [None, "", "[1,"])
def test_without_a_memory_nothing_is_read_ahead(worker: Worker, left: str | None) -> None:
    """As on the first start, and after a kill in mid-write."""
    if left is not None:
        (worker.home / "partitions.json").write_text(left)

    async def work() -> None:
        worker.recovery.foresee()
        await worker.recovery.over()

    asyncio.run(work())
    assert worker.asked == []


def test_a_fault_ends_the_process(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """And does not leave partitions waiting for ever."""
    monkeypatch.setattr(worker.stage, "recall", lambda *_: 1 / 0)

    async def work() -> None:
        await worker.recovery.begin({0, 1})
        await worker.recovery.over()

    asyncio.run(work())
    ((problem, place),) = worker.stopped
    assert isinstance(problem, ZeroDivisionError)
    assert place == "test.noted recovery"
