"""Which weeks are due: those that the chain of runs lacks."""

from __future__ import annotations

from datetime import date

from analytics.segments.chain import due, settled
from analytics.segments.history import Run
from analytics.segments.week import Week

FIRST = Week(date(2014, 6, 2))
WEEKS = [FIRST.later(number) for number in range(5)]


def run(place: int, before: str = "", number: int = 1, *, ended: bool = True) -> Run:
    """A run of the week at a place, whose digest is its place and number."""
    digest = f"{place}.{number}"
    return Run(WEEKS[place], number, digest, "", "", before, ended, 0)


def test_every_week_that_is_over_and_has_no_run_is_due() -> None:
    """Oldest first, however many."""
    assert due(WEEKS, [], []) == WEEKS
    assert due(WEEKS, [run(0), run(1, "0.1")], []) == WEEKS[2:]
    assert due(WEEKS[:2], [run(0), run(1, "0.1")], []) == []


def test_a_run_that_was_cut_short_is_none() -> None:
    """Its week is due again."""
    assert due(WEEKS[:2], [run(0), run(1, "0.1", ended=False)], []) == WEEKS[1:2]


def test_a_week_without_segments_is_passed_over() -> None:
    """The chain begins after it, or goes on over it; one that has a run all the same is in the chain."""
    assert due(WEEKS[:3], [run(1), run(2, "1.1")], WEEKS[:1]) == []
    assert due(WEEKS[:3], [run(0), run(2, "0.1")], WEEKS[1:2]) == []
    assert due(WEEKS[:3], [run(0), run(1, "0.1"), run(2, "0.1")], WEEKS[1:2]) == WEEKS[2:3]


def test_a_week_that_was_run_before_its_turn_comes_again_in_its_turn() -> None:
    """By hand, say, when no week before it had a run: it continues nothing."""
    early = run(3)
    assert due(WEEKS, [early], []) == WEEKS
    chain = [run(0), run(1, "0.1"), run(2, "1.1")]
    assert due(WEEKS, [*chain, early], []) == WEEKS[3:]
    assert due(WEEKS, [*chain, early, run(3, "2.1", number=2), run(4, "3.2")], []) == []


def test_a_week_whose_facts_came_late_does_not_undo_those_after_it() -> None:
    """Its second run is another one of it, and they continue its first."""
    assert due(WEEKS[:3], [run(0), run(1, "0.1"), run(1, "0.1", number=2), run(2, "1.1")], []) == []


def test_a_week_waits_while_facts_of_it_are_landing() -> None:
    """And so do those after it, which continue it; facts of a week that has its run hold nothing up."""
    assert settled(WEEKS[2:], {WEEKS[3]}) == WEEKS[2:3]
    assert settled(WEEKS[2:], {WEEKS[0]}) == WEEKS[2:]
    assert settled([], {WEEKS[0]}) == []
