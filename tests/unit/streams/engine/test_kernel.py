"""The compiled kernel is there where it can be built, and gives what Python gives."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.avro import varint
from streams.engine.kernel import KERNEL
from streams.orders_enriched import lines
from streams.orders_enriched.asof import AsOf
from streams.orders_enriched.returns import Returns

_LONGS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, -1, 63, 64, -64, -65, 2**62, -(2**63)])
_BYTES = st.binary(max_size=12)
_PART = st.integers(0, 2**60) | st.sampled_from([2**64 - 1, 2**64, 2**70])


def test_the_kernel_is_built_where_there_is_a_compiler() -> None:
    """A build that fails unseen would only be slow, so it is seen here."""
    compiler = any(map(shutil.which, ("cc", "gcc", "clang")))
    assert (KERNEL is not None) == (compiler and os.environ.get("MESH_KERNEL") != "off")


@given(_LONGS)
def test_numbers_are_the_same(number: int) -> None:
    """The varint functions, with and without the kernel."""
    encoded = varint.python_encode_long(number)
    assert varint.encode_long(number) == encoded
    framed = b"x" + encoded + b"y"
    for decode in (varint.decode_long, varint.python_decode_long):
        assert decode(framed, 1, 1 + len(encoded)) == number


def test_a_place_outside_of_the_value_is_refused() -> None:
    """The kernel reads no byte that is not the value's."""
    if KERNEL is None:
        pytest.skip("the kernel is not built: there is no C compiler")
    for start, end in ((0, 3), (-1, 1), (0, 12)):
        with pytest.raises(IndexError):
            KERNEL.decode_long(b"\x02\x04", start, end)


@st.composite
def _splices(draw: Any) -> tuple[Any, ...]:
    members: dict[bytes, AsOf] = {}
    for member in draw(st.sets(_BYTES, max_size=3)):
        versions = members[member] = AsOf()
        for moment in draw(st.sets(st.integers(-5, 5), min_size=1, max_size=3)):
            versions.put(moment * 10**6, draw(st.integers(0, 9)), b"", draw(_BYTES))
    numbers = st.sampled_from([b"\x02", b"\x04", b"\x06"])
    names = st.sampled_from([*members, b"unknown"])
    items = draw(st.lists(st.tuples(_BYTES, numbers, names), max_size=5))
    tails = draw(st.dictionaries(numbers, st.builds(Returns, _BYTES, _PART), max_size=2))
    only = draw(st.none() | st.sets(numbers))
    return (
        *(draw(_BYTES), draw(st.integers()), draw(_BYTES), items, members, (draw(_BYTES), 0, 0)),
        *(draw(st.integers(-6, 6)) * 10**6, draw(_BYTES), tails, Returns(draw(_BYTES), 0)),
        *(draw(_PART), draw(_PART), draw(_PART), draw(_PART), draw(_BYTES), only),
    )


@given(_splices())
def test_rows_are_the_same(parts: tuple[Any, ...]) -> None:
    """Rows, versions that do not fit in their bits included."""
    by_kernel: list[Any] = [(b"before", b"", 0)]
    by_python: list[Any] = [(b"before", b"", 0)]
    lines.splice_lines(by_kernel, *parts)
    lines.python_splice_lines(by_python, *parts)
    assert by_kernel == by_python
