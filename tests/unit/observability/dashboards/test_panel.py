"""How good a value is."""

from __future__ import annotations

import pytest

from observability.dashboards.panel import UP, Level, Thresholds, above, below


@pytest.mark.parametrize(
    ("thresholds", "levels"),
    [
        (above(5, 10), "good good warn warn bad"),
        (above(None, 1), "good bad bad bad bad"),
        (below(10, 5), "bad bad warn warn good"),
        (UP, "bad good good good good"),
    ],
)
def test_a_value_has_the_level_of_the_last_step_that_it_reaches(thresholds: Thresholds, levels: str) -> None:
    """Steps hold from their value upward."""
    assert [str(thresholds.level(value)) for value in (0, 1, 5, 9.9, 10)] == levels.split()


def test_steps_ascend() -> None:
    """Grafana would take them in any order, and mean something else."""
    with pytest.raises(ValueError, match="ascend"):
        Thresholds(Level.GOOD, ((2, Level.WARN), (1, Level.BAD)))
