"""A compact dictionary is a dictionary, and small."""

from __future__ import annotations

import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.orders_enriched.compact import CompactDict

KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"e"])


@given(st.lists(st.tuples(KEYS, st.binary(max_size=300)), max_size=30), st.integers(0, 4))
def test_it_gives_back_what_was_put_last(puts: list[tuple[bytes, bytes]], touched: int) -> None:
    """However many values stay uncompressed."""
    plain: dict[bytes, bytes] = {}
    compact = CompactDict(touched)
    for key, value in puts:
        plain[key] = compact[key] = value
        assert {known: compact.get(known) for known in plain} == plain
    assert set(compact) == set(plain)
    assert len(compact) == len(plain)
    assert compact.get(b"z") is None
    with pytest.raises(KeyError):
        compact[b"z"]


def test_a_key_stays_the_object_by_which_it_came_first() -> None:
    """However often and late it is touched: indices name orders by that object, so that there is but one."""
    compact = CompactDict(touched=2)
    first = [b"key-%d" % number for number in range(6)]
    for key in first:
        compact[key] = b"value"
    for number in (5, 0, 3, 0, 1, 4, 2, 5):
        again = b"key-%d" % number
        assert again is not first[number]
        compact[again] = b"another"
    assert all(key is known for key, known in zip(compact, first, strict=True))


def test_alike_values_take_little_memory() -> None:
    """Entries of a real form shrink to less than half, and none keeps more memory than it needs."""
    random = Random(1)
    compact = CompactDict(touched=500)
    size = 0
    for number in range(5001):
        value = b"shop:%d|Mountain bike, silver, %d|Card payment completed|%d Main St, Springfield" % (
            number,
            random.randrange(60),
            random.randrange(9999),
        )
        size += len(value)
        compact[b"%d" % number] = value
    assert sum(map(len, compact.packed.values())) < size / 2
    assert all(sys.getsizeof(packed) == len(packed) + 33 for packed in compact.packed.values())
    assert compact[b"0"].startswith(b"shop:0|")
