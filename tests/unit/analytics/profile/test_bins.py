"""Bins and the drift between two divisions of rows."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.profile.bins import CHANGED, MOVED, STEPS, Bins, drift, lower_ends, steps

counts = st.lists(st.integers(0, 1000), min_size=2, max_size=8)


def test_drift_is_the_population_stability_index() -> None:
    """By hand: shares of a half and a half against a quarter and three quarters."""
    before = Bins(("a",), (100, 100), 0)
    expected = (0.25 - 0.5) * log(0.25 / 0.5) + (0.75 - 0.5) * log(0.75 / 0.5)
    assert drift(before, (50, 150), 0) == pytest.approx(expected)
    assert expected > CHANGED


@given(counts, st.integers(0, 1000), st.integers(1, 9))
def test_more_rows_of_the_same_shares_drift_nowhere(found: list[int], missing: int, times: int) -> None:
    """However many there are."""
    before = Bins(("x",) * (len(found) - 1), tuple(found), missing)
    now = drift(before, [times * count for count in found], times * missing)
    assert now is None or now == pytest.approx(0, abs=1e-9)


@given(
    counts.flatmap(
        lambda one: st.tuples(
            st.just(one), st.lists(st.integers(0, 1000), min_size=len(one), max_size=len(one))
        )
    )
)
def test_drift_is_never_negative(both: tuple[list[int], list[int]]) -> None:
    """Nor infinite, where a bin was empty or becomes so."""
    then, now = both
    found = drift(Bins(("x",) * (len(then) - 1), tuple(then), 1), now, 1)
    assert found is None or 0 <= found < 100


def test_rows_that_lose_their_value_drift() -> None:
    """A third of them is another distribution."""
    before = Bins(("a",), (0, 300), 0)
    moved = drift(before, (0, 200), 100)
    assert moved is not None
    assert moved > CHANGED
    hardly = drift(before, (0, 297), 3)
    assert hardly is not None
    assert hardly < MOVED


def test_few_rows_tell_nothing() -> None:
    """Chance alone would move them."""
    assert drift(Bins(("a",), (0, 99), 0), (99, 900), 0) is None


def test_other_bins_are_refused() -> None:
    """They cannot be compared."""
    with pytest.raises(ValueError, match="3 counts for 2 bins"):
        drift(Bins(("a",), (0,), 1), (1, 1), 1)


def test_steps_lead_from_the_least_to_the_greatest() -> None:
    """One step where they are the same."""
    assert steps(0, 10) == tuple(range(STEPS))
    assert steps(3, 3) == (3,)


def test_equal_deciles_are_one_bin() -> None:
    """Where a tenth of the rows and more have one value."""
    assert lower_ends([1.0, 1.0, 1.5, 2.0]) == ("1.0", "1.5", "2.0")
