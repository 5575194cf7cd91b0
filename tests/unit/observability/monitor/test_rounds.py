"""Rounds: one that fails spoils itself alone, and shows as a round that did not end."""

from __future__ import annotations

import logging
from threading import Event

import pytest

from mesh.kernel.metrics import REGISTRY
from observability.monitor.rounds import Rounds


def last_round(kind: str) -> float | None:
    """When the kind was last measured."""
    return REGISTRY.get_sample_value("mesh_monitor_last_round_timestamp_seconds", {"kind": kind})


def test_a_failed_round_is_told_once_and_the_next_one_counts(caplog: pytest.LogCaptureFixture) -> None:
    """The same fault again is no news; that it is over is."""
    caplog.set_level(logging.INFO, "mesh.monitor")
    faults = [OSError("away\nfar away"), OSError("away"), None]

    def measure() -> None:
        if fault := faults.pop(0):
            raise fault

    rounds = Rounds("test", measure)
    assert [rounds.round(), rounds.round()] == [False, False]
    assert last_round("test") is None
    assert rounds.round()
    assert last_round("test") is not None
    assert [record.getMessage() for record in caplog.records] == ["test: away", "test: measured again"]


def test_a_kind_that_is_stuck_delays_no_other() -> None:
    """Each has a thread of its own."""
    stop, going = Event(), Event()
    stuck = Rounds("stuck", lambda: stop.wait(10) and None).start(stop)
    quick = Rounds("quick", going.set, every=0.01).start(stop)
    assert going.wait(5)
    stop.set()
    quick.join(5)
    stuck.join(5)
    assert not quick.is_alive()
