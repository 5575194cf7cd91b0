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


def test_no_two_drills_of_a_wave_touch_the_same() -> None:
    """And every drill is in one wave."""
    found = waves(DRILLS.values())
    assert sorted(drill.name for wave in found for drill in wave) == sorted(DRILLS)
    for wave in found:
        touched = [name for drill in wave for name in drill.touches]
        assert len(touched) == len(set(touched))


def test_who_breaks_what_drills_are_seen_by_stands_alone() -> None:
    """Broker, monitor, pager and the like."""
    for wave in waves(DRILLS.values()):
        assert len(wave) == 1 or not any(drill.alone for drill in wave)
    assert sum(drill.alone for drill in DRILLS.values()) >= 5


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
