"""How values are written for people."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.dashboards.numbers import shown
from observability.dashboards.panel import Unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, Unit.COUNT, "0"),
        (0.25, Unit.COUNT, "0.25"),
        (14.1, Unit.COUNT, "14"),
        (999.6, Unit.COUNT, "1k"),
        (12_345, Unit.COUNT, "12.3k"),
        (-3_000_000, Unit.COUNT, "-3M"),
        (1_234, Unit.RECORDS_A_SECOND, "1.23k/s"),
        (0.5, Unit.ROWS_A_SECOND, "0.5/s"),
        (0, Unit.SECONDS, "0 s"),
        (0.0034, Unit.SECONDS, "3.4 ms"),
        (59.4, Unit.SECONDS, "59.4 s"),
        (60, Unit.SECONDS, "1 min"),
        (5_400, Unit.SECONDS, "90 min"),
        (7_200, Unit.SECONDS, "2 h"),
        (86_400 * 30, Unit.SECONDS, "30 d"),
        (86_400 * 365.25 * 13, Unit.SECONDS, "13 y"),
        (1_536, Unit.BYTES, "1.5 KiB"),
        (512 << 20, Unit.BYTES, "512 MiB"),
        (1, Unit.SHARE, "100 %"),
        (0.99999, Unit.SHARE, "99.99 %"),
        (0.5, Unit.SHARE, "50 %"),
        (0.35, Unit.CORES, "0.35"),
        (math.nan, Unit.COUNT, "–"),
        (math.inf, Unit.SECONDS, "–"),
    ],
)
def test_a_value_is_written_in_the_unit_that_people_use(value: float, unit: Unit, text: str) -> None:
    """Three digits that matter."""
    assert shown(value, unit) == text


@given(st.floats(0, 1e12), st.sampled_from(sorted(set(Unit) - {Unit.SHARE}, key=str)))
def test_a_value_fits_its_column(value: float, unit: Unit) -> None:
    """Nine characters; a share is no more than all."""
    assert len(shown(value, unit)) <= 9


@given(st.floats(0, 1))
def test_what_is_not_all_is_never_shown_as_all(share: float) -> None:
    """One lost record in a million is not 100 %."""
    assert (shown(share, Unit.SHARE) == "100 %") == (share == 1)
