"""Drills are held side by side where that proves as much as one after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mesh.drills.drill import DRILLS, find, without_drill
from mesh.drills.holding import Outcome
from mesh.drills.program import hold_all, waves
from mesh.drills.watching import Rule
from mesh.kernel.errors import DrillError


def test_every_drill_is_held_once_in_the_order_of_the_waves() -> None:
    """Those of one wave side by side."""
    found = waves(DRILLS.values())
    assert [drill.name for wave in found for drill in wave] == list(DRILLS)
    assert [{drill.wave for drill in wave} for wave in found] == [{number} for number in range(1, 9)]


def test_what_drills_are_seen_by_is_broken_alone() -> None:
    """Monitor, pager, Alertmanager, Prometheus."""
    last = [[drill.name for drill in wave] for wave in waves(DRILLS.values())][-4:]
    assert last == [["monitor-down"], ["pager-down"], ["alertmanager-down"], ["watchdog"]]


def test_every_outcome_comes() -> None:
    """Of each drill, once."""
    found = list(hold_all(DRILLS.values(), lambda drill: Outcome(drill.name), threading.Event()))
    assert sorted(outcome.drill for outcome in found) == sorted(DRILLS)


def test_an_interrupted_program_tells_the_drills_and_waits_for_them() -> None:
    """So that they heal."""
    interrupted, healed = threading.Event(), []

    def hold(drill: object) -> Outcome:
        if drill is not first:
            interrupted.wait(10)
            healed.append(drill)
        return Outcome("x")

    first, *others = waves(DRILLS.values())[0]

    def asked() -> Iterator[None]:
        for _ in hold_all([first, *others], hold, interrupted):
            yield

    running = asked()
    next(running)
    with pytest.raises(KeyboardInterrupt):
        running.throw(KeyboardInterrupt)
    assert len(healed) == len(others)


def test_an_unknown_drill_names_the_nearest() -> None:
    """In one line."""
    with pytest.raises(
        DrillError, match=r"drill-unknown\] sink-dwon: is not a drill; did you mean 'sink-down'"
    ):
        find("sink-dwon")


def test_an_alert_without_drill_is_found() -> None:
    """One that names none, and one that names a drill that does not exist."""
    rules = [
        Rule("A", {"drill": "sink-down"}, "inactive"),
        Rule("B", {}, "inactive"),
        Rule("C", {"drill": "earthquake"}, "inactive"),
    ]
    assert [rule.name for rule in without_drill(rules)] == ["B", "C"]
