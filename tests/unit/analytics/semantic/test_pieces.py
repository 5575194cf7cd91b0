"""Pieces that follow each other are worked out together, so many at the most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytics.semantic.pieces import runs


def test_pieces_that_follow_each_other_are_a_run() -> None:
    """The first, and the first beyond; a long run is cut."""
    assert list(runs([7, 3, 4, 5, 6, 9], 3)) == [(3, 6), (6, 8), (9, 10)]
    assert list(runs([], 3)) == []


@given(st.sets(st.integers(0, 40)), st.integers(1, 9))
def test_runs_are_the_numbers(numbers: set[int], most: int) -> None:
    """Each once and no other, whatever the gaps."""
    found = list(runs(numbers, most))
    assert [number for first, end in found for number in range(first, end)] == sorted(numbers)
    assert all(end - first <= most for first, end in found)
