"""What a kill, a worker that joins and one that leaves do to a flow of orders."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.error import BenchmarkError
from benchmarks.flow import Flow
from benchmarks.member import Group, Member

STEADY = 10.0
"""Seconds of undisturbed flow before a rebalance, to compare with."""


@dataclass(frozen=True)
class Kill:
    """Seconds from a SIGKILL to rows of orders that were published after it."""

    first_row: float
    """To the first row of a partition of the killed worker."""
    all_rows: float
    """Until every partition of the killed worker had shown one."""


@dataclass(frozen=True)
class Rebalance:
    """The longest times, in seconds, between two rows of a partition."""

    before: float
    """In undisturbed flow, of partitions that will stay."""
    staying: float
    """During the rebalance, of partitions that stay with their worker."""
    moving: float
    """During the rebalance, of the others."""


def kill(flow: Flow, victim: Member, then: Callable[[], object] = lambda: None) -> Kill:
    """Kill a worker, do what is done ``then``, and wait for new rows of the partitions that it had."""
    owned = victim.partitions
    begun, published = time.monotonic(), flow.published
    victim.kill()
    then()
    moments = flow.fresh(published, owned).values()
    return Kill(min(moments) - begun, max(moments) - begun)


def rebalance(flow: Flow, group: Group, staying: Member, change: Callable[[], object]) -> Rebalance:
    """Let a worker join or leave while another one stays, and wait until all partitions flow again."""
    time.sleep(STEADY)
    begun, owned = time.monotonic(), staying.partitions
    change()
    group.settle()
    kept = owned & staying.partitions
    if not kept:
        raise BenchmarkError("engine-failed", "no partition stayed with its worker", place=staying.name)
    ended = max(flow.fresh(flow.published).values())

    def longest(partitions: Collection[int], start: float, end: float) -> float:
        return max(longest_gap(flow.moments[number], start, end) for number in partitions)

    moved = set(range(len(flow.moments))) - kept
    return Rebalance(
        longest(kept, begun - STEADY, begun), longest(kept, begun, ended), longest(moved, begun, ended)
    )


def longest_gap(moments: Sequence[float], start: float, end: float) -> float:
    """The longest time between two successive moments, of which the later is after ``start`` and the
    earlier before ``end``; 0 where there are none.
    """
    return max(
        (later - earlier for earlier, later in pairwise(moments) if later >= start and earlier <= end),
        default=0.0,
    )
