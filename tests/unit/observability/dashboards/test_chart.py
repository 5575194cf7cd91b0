"""Courses drawn with block characters."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from observability.dashboards.chart import area, columns

VALUES = st.lists(st.floats(0, 1e6) | st.just(math.nan), min_size=1, max_size=200)


def test_a_course_rises_by_eighths() -> None:
    """A zero is a line, a gap is a gap, and the top stays an eighth below the line above."""
    assert area([math.nan, 0, 1, 4, 7], 1, 7) == [" ▁▁▄▇"]
    assert area([0, 8, 15], 2, 15) == ["  ▇", "▁██"]


def test_a_course_without_height_is_a_line() -> None:
    """All values zero."""
    assert area([0, 0], 2, 0) == ["  ", "▁▁"]


def test_columns_keep_the_greatest_value() -> None:
    """A peak must not vanish between two columns; fewer values are spread."""
    assert columns([1, 9, 2, 3], 2) == [9, 3]
    assert columns([1, 2], 4) == [1, 1, 2, 2]


@given(VALUES, st.integers(1, 250), st.integers(1, 6))
def test_a_picture_has_the_size_that_was_asked_for(values: list[float], width: int, height: int) -> None:
    """Whatever the values."""
    drawn = area(columns(values, width), height, max((v for v in values if v == v), default=0))
    assert [len(line) for line in drawn] == [width] * height


@given(VALUES, st.integers(1, 250))
def test_columns_show_the_greatest_of_all(values: list[float], width: int) -> None:
    """And the last one what is now, where nothing hides it."""
    present = [value for value in values if math.isfinite(value)]
    drawn = [value for value in columns(values, width) if math.isfinite(value)]
    assert max(drawn, default=None) == max(present, default=None)
