"""Customer 360 is a function of the set of facts: any order, number, split or crash gives the same rows."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.version import ORDER_LINE, unpack
from streams.engine.fold import Fetched
from tests.unit.streams.customer_360.flow import Fact, Flow, decoded, logs, parts, run, topics
from tests.unit.streams.customer_360.reference import rows
from tests.unit.streams.customer_360.world import World, world


def expected(made: World, timezone: str) -> dict[str, Fact]:
    """The rows that the rules ask for."""
    clock = max(made.clock, default=None)
    return rows(made.lines, made.payments, made.customers, made.links, made.segments, clock, timezone)


@given(st.integers())
@settings(max_examples=120, deadline=None)
def test_any_order_and_split_gives_the_rows_of_the_rules(seed: int) -> None:
    """Shuffled, doubled, in batches of any size, the clock at any time."""
    chance = Random(seed)
    made = world(chance)
    assert run(made, chance) == expected(made, "UTC")


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/Asuncion", "Pacific/Auckland"])
@given(st.integers())
@settings(max_examples=40, deadline=None)
def test_days_are_those_of_the_business_time_zone(timezone: str, seed: int) -> None:
    """Windows end at local midnight, also where the clocks change or midnight is skipped."""
    chance = Random(seed)
    made = world(chance)
    assert run(made, chance, timezone) == expected(made, timezone)


@given(st.integers())
@settings(max_examples=150, deadline=None)
def test_crashes_and_late_writes_change_nothing(seed: int) -> None:
    """Workers that die between their writes, or wake up and finish them when another one has gone on."""
    chance = Random(seed)
    made = world(chance)
    assert run(made, chance, crashes=0.4) == expected(made, "UTC")


@given(st.integers())
@settings(max_examples=80, deadline=None)
def test_more_knowledge_gives_a_higher_version(seed: int) -> None:
    """Where a row says something new its version rises, and it never falls."""
    chance = Random(seed)
    made = world(chance)
    made.lines = growing(made.lines, chance)
    said = logs(made, chance, shuffled=False)
    clock, segments = said.pop(topics.CLOCK), said.pop(topics.SEGMENT)
    first = Flow(0, "UTC", said, [], chance, clock=clock)
    told: list[Fetched] = []
    second = Flow(1, "UTC", {topics.ACTIVITY: first.output, topics.SEGMENT: told}, [], chance, whole=True)
    while first.step() or segments:
        if segments and chance.random() < 0.5:
            told.append(segments.pop(0))
        second.step()  # all that the first has written, as the registers of a change belong together
    while second.step():
        pass
    known: dict[str, Fact] = {}
    for row in decoded(topics.CUSTOMER_360, second.output):
        before = known.get(row["golden_id"])
        if before is not None and row != before:
            assert parts(row) > parts(before)
        known[row["golden_id"]] = row


def growing(lines: list[Fact], chance: Random) -> list[Fact]:
    """The rows of each line that a single worker could have written one after another; lines interleaved."""
    by_line: dict[tuple[str, int], list[Fact]] = defaultdict(list)
    for line in lines:
        held = by_line[line["order_id"], line["line_number"]]
        new, old = (unpack(one["version"], ORDER_LINE) for one in (line, held[-1] if held else line))
        if (new[0] > old[0] and new[1] >= old[1]) or (new[0] == old[0] and new >= old):
            held.append(line)
    waiting, merged = list(by_line.values()), []
    while waiting:
        one = chance.choice(waiting)
        merged.append(one.pop(0))
        waiting = [one for one in waiting if one]
    return merged
