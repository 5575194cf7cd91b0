"""Keys go to the partitions where every other client puts them."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.partitioning import by_key, python_by_key

_KEYS = st.lists(st.none() | st.binary(max_size=40), max_size=40)


@given(_KEYS, st.integers(1, 50))
def test_keys_go_where_librdkafka_and_java_put_them(keys: list[bytes | None], partitions: int) -> None:
    """Of every length; each partition's in their order. Those without a key go to the first."""
    records = [(key, number) for number, key in enumerate(keys)]
    expected: list[list[tuple[bytes | None, int]]] = [[] for _ in range(partitions)]
    for key, number in records:
        expected[0 if key is None else murmur2(key) % 2**31 % partitions].append((key, number))
    assert python_by_key(records, partitions) == expected
    assert by_key(records, partitions) == expected


@pytest.mark.parametrize("way", [by_key, python_by_key])
def test_only_bytes_are_keys(way: Any) -> None:
    """The kernel reads by address."""
    with pytest.raises(TypeError):
        way([("text", 1)], 4)
