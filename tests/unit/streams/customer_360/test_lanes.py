"""Many numbers in one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer_360.lanes import Lanes

LANES = Lanes(a=8, b=20, c=5)
NUMBERS = st.tuples(
    st.integers(-128, 127),
    st.integers(-(2**19), 2**19 - 1),
    st.integers(-16, 15),
    st.integers(-(2**90), 2**90),
)


def packed(numbers: tuple[int, ...]) -> int:
    """The numbers in their lanes."""
    a, b, c, rest = numbers
    return LANES.pack(a=a, b=b, c=c, rest=rest)


@settings(deadline=None)
@given(NUMBERS)
def test_unpacking_gives_what_was_packed(numbers: tuple[int, ...]) -> None:
    """Negative numbers too."""
    assert tuple(LANES.unpack(packed(numbers))) == numbers


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(-3, 3)] * 4), max_size=5))
def test_a_sum_has_the_sums_in_its_lanes(rows: list[tuple[int, ...]]) -> None:
    """Adding and taking away needs no unpacking."""
    total = sum(packed(row) for row in rows)
    assert LANES.unpack(total) == [sum(row[place] for row in rows) for place in range(4)]
    assert total - sum(packed(row) for row in rows) == 0
