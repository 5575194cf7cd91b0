"""Versions of derived rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.version import CUSTOMER, ORDER_LINE, SIZE, Parts, pack, unpack

WIDTHS = (ORDER_LINE, CUSTOMER)


def _parts(widths: Parts) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*(st.integers(0, 2**width - 1) for width in widths))


@pytest.mark.parametrize("widths", WIDTHS)
def test_widths_fill_the_number(widths: Parts) -> None:
    """The parts take all 256 bits."""
    assert sum(widths) == SIZE * 8


@given(st.sampled_from(WIDTHS).flatmap(lambda widths: st.tuples(st.just(widths), _parts(widths))))
def test_parts_come_back(case: tuple[Parts, Parts]) -> None:
    """Unpack undoes pack."""
    widths, parts = case
    assert unpack(pack(parts, widths), widths) == parts


@given(
    st.sampled_from(WIDTHS).flatmap(lambda widths: st.tuples(st.just(widths), _parts(widths), _parts(widths)))
)
def test_numbers_compare_as_their_parts(case: tuple[Parts, Parts, Parts]) -> None:
    """As a little-endian number, which is how the warehouse reads it, a version orders by its parts."""
    widths, one, other = case
    numbers = [int.from_bytes(pack(parts, widths), "little") for parts in (one, other)]
    assert (numbers[0] < numbers[1]) == (one < other)


def test_the_layout_is_fixed() -> None:
    """The least significant part comes first, each little-endian."""
    assert pack((1, 2, 3, 4), ORDER_LINE) == b"".join(part.to_bytes(8, "little") for part in (4, 3, 2, 1))
    assert pack((1, 2, 3, 4), CUSTOMER) == b"".join(
        part.to_bytes(size, "little") for part, size in ((4, 9), (3, 7), (2, 11), (1, 5))
    )


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("negative", [False, True])
def test_a_part_that_does_not_fit_is_refused(widths: Parts, place: int, negative: bool) -> None:
    """A part that is too wide or negative would spill into its neighbour and break the order."""
    parts = [0, 0, 0, 0]
    parts[place] = -1 if negative else 2 ** widths[place]
    with pytest.raises(OverflowError, match="do not fit"):
        pack((parts[0], parts[1], parts[2], parts[3]), widths)


def test_only_32_bytes_are_a_version() -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="32 bytes"):
        unpack(b"short", ORDER_LINE)
