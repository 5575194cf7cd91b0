"""``mesh status`` in words."""

from __future__ import annotations

import pytest

from mesh.cli.status import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h"), (86_400, "1 d")],
)
def test_a_duration_is_shown_in_its_greatest_units(seconds: float, words: str) -> None:
    """Two units at most, none of them zero."""
    assert duration(seconds) == words
