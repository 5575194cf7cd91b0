"""Customer 360 is a function of the set of facts: any order, number, split or crash gives the same rows."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.streams.customer_360.flow import run
from tests.unit.streams.customer_360.reference import rows
from tests.unit.streams.customer_360.world import World, world


def expected(made: World, timezone: str) -> dict[str, dict[str, object]]:
    """The rows that the rules ask for."""
    clock = max(made.clock, default=None)
    return rows(made.lines, made.payments, made.customers, made.links, clock, timezone)


@given(st.integers())
@settings(max_examples=150, deadline=None)
def test_any_order_and_split_gives_the_rows_of_the_rules(seed: int) -> None:
    """Shuffled, doubled, in batches of any size, the clock at any time."""
    chance = Random(seed)
    made = world(chance)
    held, _ = run(made, chance)
    assert held == expected(made, "UTC")


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/Sao_Paulo", "Pacific/Auckland"])
@given(st.integers())
@settings(max_examples=50, deadline=None)
def test_days_are_those_of_the_business_time_zone(timezone: str, seed: int) -> None:
    """Windows end at local midnight."""
    chance = Random(seed)
    made = world(chance)
    held, _ = run(made, chance, timezone)
    assert held == expected(made, timezone)


@given(st.integers())
@settings(max_examples=150, deadline=None)
def test_crashes_and_late_writes_change_nothing(seed: int) -> None:
    """Workers that die between their writes, or wake up and finish them when another one has gone on."""
    chance = Random(seed)
    made = world(chance)
    held, _ = run(made, chance, crashes=0.4)
    assert held == expected(made, "UTC")
