"""A worker's state of many orders: its memory, and what its recovery by the next worker costs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice

from benchmarks import full_input
from benchmarks.ground import Ground
from benchmarks.member import Group, Member, Ready
from benchmarks.shape import PARTITIONS
from domains.customer.events import CustomerMastered

_LOOK = 0.2  # seconds
_SILENCE = 120.0  # seconds without a new row after which a worker is given up
_MOST_LINES = 8
FACTS_OF_AN_ORDER = 5
"""About: itself, a payment, two fulfilments and a return."""


@dataclass(frozen=True)
class Restart:
    """A state and its recovery. Memory is resident, in bytes."""

    facts: int
    """Facts and customers, each of which must be an entry."""
    customers: int
    """How many of them are customers, which were there before the orders."""
    halfway: int
    """Facts and customers in the state when ``half`` was looked at."""
    empty: int
    """Memory of a worker that knows nothing but dimensions."""
    half: int
    """Memory of that worker when it had folded about half of the facts."""
    folded: int
    """Memory of that worker when it had folded all facts."""
    start: float
    """CPU seconds in which that worker became ready when there were no orders."""
    ready: Ready
    """The worker that recovered them after a SIGKILL of the first."""


def lines_of(orders: int) -> int:
    """How many lines this many orders have together: a trade with so many lines has just these orders."""
    return int(full_input.trade(orders * _MOST_LINES).line_counts[:orders].sum())


def restart(broker: Ground, group: Group, orders: int) -> tuple[Restart, Member]:
    """Let a worker fold the group's input to its end, kill it, and let the next one, which stays, recover."""
    shape, lines = group.shape, group.lines
    dimensions, facts = shape.dimension_topics(), shape.fact_topics(lines)
    customers = full_input.ports_of()[CustomerMastered].topic
    folded = {**facts, customers: dimensions[customers]}
    broker.create({**dimensions, **facts, shape.rows_topic(""): PARTITIONS})
    broker.publish(shape.dimensions())
    worker = group.start()
    start = worker.ready().cpu_seconds
    _fold(broker, group, worker, folded)
    empty = worker.memory
    known = sum(broker.sizes(folded).values())
    records = shape.facts(lines)
    broker.publish(islice(records, FACTS_OF_AN_ORDER * orders // 2))
    _fold(broker, group, worker, folded)
    half, halfway = worker.memory, sum(broker.sizes(folded).values())
    broker.publish(records)
    _fold(broker, group, worker, folded)
    before = worker.memory
    worker.kill()
    successor = group.start()
    ready = successor.ready()
    end = sum(broker.sizes(folded).values())
    return Restart(end, known, halfway, empty, half, before, start, ready), successor


def _fold(broker: Ground, group: Group, worker: Member, topics: dict[str, int]) -> None:
    """Wait until the group has committed all that these topics hold."""
    ends = broker.sizes(topics)
    rows, deadline = -1, 0.0
    while not broker.committed(group.name, ends):
        written = broker.size(group.out, PARTITIONS)
        if written != rows:
            rows, deadline = written, time.monotonic() + _SILENCE
        worker.check(deadline)
        time.sleep(_LOOK)
