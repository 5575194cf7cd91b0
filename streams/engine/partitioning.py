"""Which partition a key belongs to: murmur2, as every producer of Kafka's Java client has it by default.

The function is that of ``org.apache.kafka.common.utils.Utils.murmur2``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.engine.kernel import RECORDS

_SEED, _M = np.uint32(0x9747B28C), np.uint32(0x5BD1E995)

Keyed = TypeVar("Keyed", bound=tuple[Any, ...])


def python_by_key(records: Sequence[Keyed], partitions: int) -> list[list[Keyed]]:
    """The records (tuples that begin with a key) by the partition of their keys, in their order.

    Those without a key go to the first.
    """
    by_size: defaultdict[int, list[int]] = defaultdict(list)
    for number, record in enumerate(records):
        if record[0] is not None:
            by_size[len(record[0])].append(number)
    places = np.zeros(len(records), np.int64)
    for size, numbers in by_size.items():
        joined = b"".join([records[number][0] for number in numbers])
        octets = np.frombuffer(joined, np.uint8).reshape(len(numbers), size)
        places[numbers] = (_murmur2(octets) & np.uint32(0x7FFFFFFF)) % partitions
    parts: list[list[Keyed]] = [[] for _ in range(partitions)]
    for record, place in zip(records, places.tolist(), strict=True):
        parts[place].append(record)
    return parts


def _murmur2(keys: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The hash of each row of bytes: 32-bit numbers that overflow on purpose."""
    count, size = keys.shape
    h = np.full(count, _SEED ^ np.uint32(size), np.uint32)
    whole = size // 4 * 4
    for k in np.ascontiguousarray(keys[:, :whole]).view("<u4").T:
        k = k * _M
        k ^= k >> np.uint32(24)
        h = (h * _M) ^ (k * _M)
    if whole < size:
        for place in range(size - 1, whole - 1, -1):
            h ^= keys[:, place].astype(np.uint32) << np.uint32(8 * (place - whole))
        h *= _M
    h ^= h >> np.uint32(13)
    h *= _M
    return h ^ (h >> np.uint32(15))


by_key: Callable[[Sequence[Keyed], int], list[list[Keyed]]] = (
    python_by_key if RECORDS is None else RECORDS.by_key
)
