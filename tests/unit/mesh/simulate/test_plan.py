"""Plans: what is out of range is named, and time is what the plan says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mesh.kernel.errors import SimulationError
from mesh.simulate.clock import DAY, SECOND, Clock
from mesh.simulate.description import Description
from mesh.simulate.faults import BREAKS
from mesh.simulate.plan import Plan
from mesh.simulate.run import horizon
from mesh.simulate.trade import trade
from mesh.simulate.world import build
from tests.unit.mesh.simulate.conftest import CUSTOMERS, DAYS, SINCE, Year, world_of

LIMIT = 1_000
NOON = 20_000 * DAY + DAY // 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"customers": 0}, "--customers: 0 is not between 1 and 2,000,000;"),
        ({"customers": 2_000_001}, "--customers: 2,000,001 is not between 1 and 2,000,000;"),
        ({"customers": 10**30}, "--customers: 1" + ",000" * 10 + " is not between 1 and 2,000,000;"),
        ({"days": 0}, "--days: 0 is not between 1 and 3,650;"),
        ({"days": 3_650_001}, "--days: 3,650,001 is not between 1 and 3,650;"),
        ({"seed": -1}, "--seed: -1 is not between 0 and 4,294,967,295;"),
        ({"seed": 2**32}, "--seed: 4,294,967,296 is not between 0 and 4,294,967,295;"),
        ({"rate": 0}, "--rate: 0 is not between 1 and 1,000,000;"),
        ({"rate": 1_000_001}, "--rate: 1,000,001 is not between 1 and 1,000,000;"),
        ({"late": 51}, "--late: 51 is not between 0 and 50 percent;"),
        ({"late": 1_234_567.0}, "--late: 1,234,567 is not between 0 and 50 percent;"),
        ({"late": float("nan")}, "--late: nan is not between 0 and 50 percent;"),
        ({"duplicates": 50.000_001}, "--duplicates: 50.000001 is not between 0 and 50 percent;"),
        ({"duplicates": 1_000_000_000.5}, "--duplicates: 1,000,000,000.5 is not between 0 and 50 percent;"),
        ({"shuffled": 20_000_001}, "--shuffled: 20,000,001 is not between 0 and 50 percent;"),
        ({"bad": -0.5}, "--bad: -0.5 is not between 0 and 50 percent;"),
        ({"bad": 7_654_321.0}, "--bad: 7,654,321 is not between 0 and 50 percent;"),
        (
            {"late": 40, "duplicates": 40, "shuffled": 40},
            "--late, --duplicates, --shuffled and --bad together: 120 is not between 0 and 100 percent",
        ),
    ],
)
def test_what_is_out_of_range_is_named(arguments: dict[str, Any], named: str) -> None:
    """With its bounds, in one line."""
    with pytest.raises(SimulationError) as caught:
        Plan("strideright", **arguments).check()
    assert caught.value.code == "argument-out-of-range"
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_days_of_live_trade_are_refused() -> None:
    """It has no end of its own, so that they would say nothing."""
    with pytest.raises(SimulationError) as caught:
        Plan("strideright", days=30, live=True).check()
    assert str(caught.value) == (
        "SimulationError[argument-without-use] --days: says how long a history is, but --live trades from now"
        " on until it is ended; leave out --days, or --live for a history"
    )
    Plan("strideright", live=True).check()
    assert Plan("strideright").trading_days == Plan("strideright").arguments()["days"] == 365
    assert Plan("strideright", live=True).arguments()["days"] is None


def test_the_edges_are_within_range() -> None:
    """Least and most are both allowed."""
    Plan("strideright", customers=1, days=1, seed=0, rate=1).check()
    Plan("strideright", customers=2_000_000, days=3_650, late=50, duplicates=50).check()


def test_more_bad_events_than_a_part_parks_are_refused_before_they_stop_it(about: Description) -> None:
    """Unless the limit is raised, or they come slowly enough; live trade brings its customers at once."""
    world = world_of(about, customers=20_000)
    many = Plan("strideright", customers=20_000, bad=0.5)
    with pytest.raises(SimulationError, match="MESH_DEAD_LETTER_LIMIT") as caught:
        many.check_bad(world, SINCE, LIMIT)
    assert caught.value.code == "simulation-too-bad"
    many.check_bad(world, SINCE, 100_000)
    Plan("strideright", customers=20_000, bad=0.5, rate=500).check_bad(world, SINCE, LIMIT)
    live = Plan("strideright", customers=20_000, bad=1, live=True, rate=500)
    assert live.bad_a_minute(world, SINCE) > 0.01 * (500 * 60 + world.people.recorded.height)


def test_bad_events_are_counted_before_they_are_made(about: Description, year: Year) -> None:
    """As many as a year has, whatever the season in which it begins."""
    plan = Plan("strideright", customers=CUSTOMERS, days=DAYS, bad=10)
    dimensions = {name: frame for name, frame in year.world.dimensions().items() if name in BREAKS}
    real = sum(frame.height for frame in (*dimensions.values(), *year.events.values())) / 10
    assert plan.bad_a_minute(year.world, SINCE) == pytest.approx(real, rel=0.1)


def test_a_history_ends_with_yesterday(about: Description) -> None:
    """Whole days, so that a run in the evening tells what one in the morning told."""
    plan = Plan("strideright", days=30)
    clock = plan.clock(world_of(about, customers=20), plan.origin(NOON))
    assert clock.origin + 30 * clock.day == 20_000 * DAY
    assert clock.day == DAY


def test_live_trade_begins_now() -> None:
    """In whole seconds."""
    assert Plan("strideright", live=True).origin(NOON + 123) == NOON


@pytest.mark.parametrize(("customers", "rate"), [(50, 20), (1_500, 200), (20_000, 2_000)])
@pytest.mark.parametrize("season", [0, 100, 200, 300])
def test_all_events_of_live_trade_together_come_at_the_rate(
    about: Description, customers: int, rate: int, season: int
) -> None:
    """Orders and what follows, visits, arrivals and counts of stock; whoever trades and in each season."""
    now = NOON + season * DAY
    plan = Plan("strideright", customers=customers, live=True, rate=rate)
    world = build(about, 7, customers, now, now, horizon(now))
    clock = plan.clock(world, now)
    events, _ = trade(world, clock, range(60), "t")
    times = np.concatenate([frame["occurred_at"].to_numpy() for frame in events.values()])
    # Once parcels and returns have caught up, and as long as orders come.
    some = (clock.moments(np.array([30.0]))[0] <= times) & (times < clock.moments(np.array([58.0]))[0])
    assert some.sum() / (28 * clock.day / SECOND) == pytest.approx(rate, rel=0.1)


@pytest.mark.parametrize(("customers", "rate"), [(50, 1), (1_500, 20), (20_000, 2_000)])
def test_live_trade_is_never_silent_for_as_long_as_it_says(
    about: Description, customers: int, rate: int
) -> None:
    """However few buy; and it says not too much: a minute, or some dozens of the usual pauses, or days."""
    now = NOON + 200 * DAY
    plan = Plan("strideright", customers=customers, live=True, rate=rate)
    world = build(about, 7, customers, now, now, horizon(now))
    clock = plan.clock(world, now)
    silence = plan.silence(world, clock)
    events, _ = trade(world, clock, range(plan.period), "t")
    gaps = np.diff(np.sort(events["OrderPlaced"]["occurred_at"].to_numpy())) / SECOND
    assert len(gaps) > 10
    assert gaps.max() < silence
    assert 60 <= silence <= max(60, 60 * gaps.mean(), 2 * clock.day / SECOND)


def test_ids_of_different_runs_differ() -> None:
    """By seed, number of customers and beginning."""
    plans = [Plan("strideright"), Plan("strideright", seed=2), Plan("strideright", customers=9),
             Plan("strideright", live=True), Plan("strideright", days=9)]  # fmt: skip
    tags = {plan.tag(Clock(plan.origin(NOON))) for plan in plans}
    assert len(tags) == len(plans)
