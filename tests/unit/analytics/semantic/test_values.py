"""Which values are near to one that no row has."""

from __future__ import annotations

import pytest

from analytics.semantic.condition import Value
from analytics.semantic.values import nearest

COUNTRIES = ["Austria", "Australia", "Germany", "United Kingdom", "United States"]


@pytest.mark.parametrize(
    ("value", "there", "first"),
    [
        ("US", COUNTRIES, "United States"),
        ("united k", COUNTRIES, "United Kingdom"),
        ("Germny", COUNTRIES, "Germany"),
        ("germany", COUNTRIES, "Germany"),
        ("Austral", COUNTRIES, "Australia"),
        (2015, ["2011", "2014", "2020"], "2014"),
    ],
)
def test_the_nearest_value_is_first(value: Value, there: list[str], first: str) -> None:
    """By initials, beginning and likeness, whatever the case; numbers by their distance."""
    found = nearest(value, there)
    assert found[0] == first
    assert sorted(found) == sorted(there)
