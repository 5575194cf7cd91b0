"""Workers of ours as members of a group: their rebalances as their logs tell them, CPU time and memory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from benchmarks.engine import load
from benchmarks.error import BenchmarkError
from benchmarks.full_shape import Full
from benchmarks.ground import Ground
from benchmarks.measure import Place, launch, launch_again
from benchmarks.processes import Tree, cpu_seconds
from benchmarks.shape import PARTITIONS
from benchmarks.table import OURS

_LINE = re.compile(r"generation (\d+), partitions \[([\d, ]*)\], (\d+) entries recovered.* in ([\d.]+) s$")
_AHEAD = "reads the state of partitions"
_LOOK = 0.02  # seconds
_SILENCE = 180.0  # seconds after which a member that does not get ready is given up


class Generation(NamedTuple):
    """A rebalance as a member went through it: what it has since, and what making that ready took."""

    number: int
    partitions: frozenset[int]
    entries: int
    seconds: float


class Ready(NamedTuple):
    """A member that has just become ready: seconds and CPU seconds of that, and resident memory in bytes."""

    generation: Generation
    seconds: float
    cpu_seconds: float
    memory: int


def generations(log: str) -> list[Generation]:
    """The rebalances in a worker's log, in their order."""
    return [
        Generation(
            int(found[1]),
            frozenset(int(number) for number in found[2].split(",") if number.strip()),
            int(found[3]),
            float(found[4]),
        )
        for line in log.splitlines()
        if (found := _LINE.search(line))
    ]


class Member:
    """A worker under watch. Whatever is waited for raises :class:`BenchmarkError` when the worker ends."""

    def __init__(self, name: str, tree: Tree) -> None:
        self.name = name
        self._tree = tree
        self._process = psutil.Process(tree.pid)

    @property
    def generation(self) -> Generation | None:
        """The newest generation that it is ready for."""
        found = self._generations()
        return found[-1] if found else None

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that it is ready for."""
        return self.generation.partitions if self.generation else frozenset()

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._tree.ended

    @property
    def memory(self) -> int:
        """Resident memory in bytes."""
        return int(self._process.memory_info().rss)

    def cpu_seconds(self) -> float:
        """What it has used so far."""
        return self._tree.look()

    def ready(self) -> Ready:
        """Wait until a worker that has just been started is ready for the first time, and tell what it took.

        Time counts from the beginning of the recovery, which the log tells, to its end; where state was read
        before the worker had any partition, from there on.
        """
        moments: list[float] = []
        used: list[float] = []
        ahead: float | None = None
        deadline = time.monotonic() + _SILENCE
        while True:
            self.check(deadline)
            moments.append(time.monotonic())
            used.append(cpu_seconds(self._process))
            log = self._log()
            if ahead is None and _AHEAD in log:
                ahead = moments[-1]
            if found := generations(log):
                began = moments[-1] - found[0].seconds if ahead is None else ahead
                cpu = used[-1] - float(np.interp(began, moments, used))
                return Ready(found[0], moments[-1] - began, cpu, self.memory)
            time.sleep(_LOOK)

    def check(self, deadline: float) -> None:
        """Raise :class:`BenchmarkError` (``engine-failed``) when it has ended, or the deadline has passed."""
        if self._tree.ended or time.monotonic() > deadline:
            what = "ended" if self._tree.ended else "did not get ready"
            raise BenchmarkError(
                "engine-failed",
                f"{what}; its last words: {self._tree.last_words()}",
                place=self.name,
                remedy=f"see {self._tree.log}",
            )

    def kill(self) -> None:
        """SIGKILL."""
        self._tree.kill()

    def leave(self) -> None:
        """SIGTERM: it gives its partitions up and ends."""
        self._tree.end()

    def _generations(self) -> list[Generation]:
        return generations(self._log())

    def _log(self) -> str:
        return self._tree.log.read_text(errors="replace")


class Group:
    """The workers of one measurement: all read the same input, write the same output, and share a group."""

    def __init__(self, ground: Ground, shape: Full, lines: int, folder: Path) -> None:
        self.name = "bench.run.recovery"
        self.out = shape.rows_topic("")
        self.shape, self.lines = shape, lines
        self._ground, self._folder = ground, folder
        self._members: list[Member] = []

    @property
    def members(self) -> list[Member]:
        """Those that run."""
        return [member for member in self._members if not member.ended]

    def start(self) -> Member:
        """One more member, which is not ready yet."""
        return self._start(f"worker-{len(self._members) + 1}", launch)

    def start_again(self) -> Member:
        """The member that was started last once more, as whoever supervises workers does."""
        return self._start(self._members[-1].name, launch_again)

    def _start(self, name: str, launched: Callable[..., Tree]) -> Member:
        place = Place(self.out, self.name, self._folder / name)
        tree = launched(load(OURS), self.shape, self.lines, self._ground, place)
        self._members.append(Member(name, tree))
        return self._members[-1]

    def settle(self) -> None:
        """Wait until all members are ready for the same generation, in which they own all partitions."""
        deadline = time.monotonic() + _SILENCE
        while True:
            found = [member.generation for member in self.members]
            known = [one for one in found if one is not None]
            owned = sum(len(one.partitions) for one in known)
            if len(known) == len(found) and len({one.number for one in known}) == 1 and owned == PARTITIONS:
                return
            for member in self.members:
                member.check(deadline)
            time.sleep(_LOOK)

    def cpu_seconds(self) -> float:
        """What all members have used, those that have ended included."""
        return sum(member.cpu_seconds() for member in self._members)

    def end(self) -> None:
        """End all members."""
        for member in self.members:
            member.kill()
