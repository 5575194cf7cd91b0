"""Sorted moments behave as a sorted list."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer_360.moments import NO_MOMENTS, Moments


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-5, 5))), st.integers(-6, 6))
def test_they_are_sorted_under_any_change(steps: list[tuple[bool, int]], boundary: int) -> None:
    """First, last, and how many lie before a boundary."""
    moments: Moments = NO_MOMENTS
    model: list[int] = []
    for adding, moment in steps:
        if adding:
            moments = moments.plus(moment)
            model = sorted([*model, moment])
        elif moment in model:
            moments.drop(moment)
            model.remove(moment)
    assert list(moments) == model
    assert (moments.first(), moments.last()) == ((model[0], model[-1]) if model else (None, None))
    place = bisect_left(model, boundary)
    assert moments.before(boundary) == place
    assert moments.since(boundary) == (model[place] if place < len(model) else None)
    assert len(NO_MOMENTS) == 0
