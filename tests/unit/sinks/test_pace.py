"""How long blocks wait: little while the warehouse has time."""

from __future__ import annotations

import pytest

from sinks.pace import LONG_AGE, MANY, MAX_AGE, MEMORY, MIN_AGE, REST, Pace


def test_blocks_wait_for_what_a_round_of_all_topics_takes() -> None:
    """Not for the last block alone: while each topic has records the warehouse is asked for all of them."""
    pace = Pace()
    pace.took("orders", 0.08, 10.0)
    pace.took("payments", 0.12, 10.1)
    assert pace.patience(10.2) == pytest.approx(REST * 0.2)
    pace.took("orders", 0.18, 10.5)
    assert pace.patience(10.6) == pytest.approx(REST * 0.3)


def test_a_topic_that_has_fallen_silent_does_not_hold_up_the_others() -> None:
    """After a while what its last block took is forgotten."""
    pace = Pace()
    pace.took("extract", 0.1, 10.0)
    pace.took("orders", 0.2, 12.0)
    assert pace.patience(12.0) == pytest.approx(REST * 0.3)
    assert pace.patience(10.0 + MEMORY) == pytest.approx(REST * 0.2)


def test_there_are_bounds() -> None:
    """A quick warehouse is not asked all the time, and with a slow one nothing waits for ever."""
    pace = Pace()
    assert pace.patience(0.0) == MIN_AGE
    pace.took("orders", 30.0, 10.0)
    assert pace.patience(10.0) == MAX_AGE


def test_many_records_wait_longer_for_a_slow_warehouse() -> None:
    """Those of all topics together; with a quick one they wait as little as few."""
    pace = Pace()
    pace.took("orders", 0.2, 10.0, MANY / 2)
    pace.took("lines", 0.5, 10.1, MANY / 2)
    assert pace.patience(10.2) == pytest.approx(REST * 0.7)
    pace.took("lines", 30.0, 10.5, MANY / 2)
    assert pace.patience(10.6) == LONG_AGE
    pace.took("orders", 0.2, 10.9, MANY / 4)
    assert pace.patience(11.0) == MAX_AGE
