"""Plans: what is out of range is named, and time is what the plan says."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.kernel.errors import SimulationError
from mesh.simulate.clock import DAY, SECOND
from mesh.simulate.description import Description
from mesh.simulate.plan import EVENTS_AN_ORDER, Plan
from mesh.simulate.world import orders_a_day

LIMIT = 1_000
NOON = 20_000 * DAY + DAY // 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"customers": 0}, "--customers: 0 is not between 1 and 2,000,000"),
        ({"days": 0}, "--days: 0 is not between 1 and 3,650"),
        ({"seed": -1}, "--seed: -1 is not between 0 and"),
        ({"rate": 0}, "--rate: 0 is not between 1 and 1,000,000"),
        ({"late": 51}, "--late: 51 is not between 0 and 50 percent"),
        ({"bad": -0.5}, "--bad: -0.5 is not between 0 and 50 percent"),
        (
            {"late": 40, "duplicates": 40, "shuffled": 40},
            "--late, --duplicates, --shuffled and --bad together: 120 is not between 0 and 100 percent",
        ),
    ],
)
def test_what_is_out_of_range_is_named(arguments: dict[str, Any], named: str) -> None:
    """With its bounds, in one line."""
    with pytest.raises(SimulationError) as caught:
        Plan("strideright", **arguments).check(LIMIT)
    assert caught.value.code == "argument-out-of-range"
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_edges_are_within_range() -> None:
    """Least and most are both allowed."""
    Plan("strideright", customers=1, days=1, seed=0, rate=1).check(LIMIT)
    Plan("strideright", customers=2_000_000, days=3_650, late=50, duplicates=50).check(LIMIT)


def test_more_bad_events_than_a_part_parks_are_refused_before_they_stop_it() -> None:
    """Unless the limit is raised, or they come slowly enough."""
    many = Plan("strideright", customers=100_000, bad=0.5)
    with pytest.raises(SimulationError, match="MESH_DEAD_LETTER_LIMIT") as caught:
        many.check(LIMIT)
    assert caught.value.code == "simulation-too-bad"
    many.check(100_000)
    Plan("strideright", customers=100_000, bad=0.5, rate=500).check(LIMIT)


def test_a_history_ends_with_yesterday(about: Description) -> None:
    """Whole days, so that a run in the evening tells what one in the morning told."""
    clock = Plan("strideright", days=30).clock(about, NOON)
    assert clock.origin + 30 * clock.day == 20_000 * DAY
    assert clock.day == DAY


def test_live_days_are_as_short_as_the_rate_asks_for(about: Description) -> None:
    """They begin now, in whole seconds."""
    plan = Plan("strideright", customers=10_000, live=True, rate=100)
    clock = plan.clock(about, NOON + 123)
    assert clock.origin == NOON
    a_second = 10_000 * orders_a_day(about) * EVENTS_AN_ORDER / (clock.day / SECOND)
    assert a_second == pytest.approx(100, rel=0.01)


def test_ids_of_different_runs_differ(about: Description) -> None:
    """By seed, number of customers and beginning."""
    plans = [Plan("strideright"), Plan("strideright", seed=2), Plan("strideright", customers=9),
             Plan("strideright", live=True), Plan("strideright", days=9)]  # fmt: skip
    tags = {plan.tag(plan.clock(about, NOON)) for plan in plans}
    assert len(tags) == len(plans)
