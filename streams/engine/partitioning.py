"""Which partition a key belongs to: murmur2, as every producer of Kafka's Java client has it by default.

The function is that of ``org.apache.kafka.common.utils.Utils.murmur2``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
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
    keys = [record[0] for record in records]
    sizes = np.array([-1 if key is None else len(key) for key in keys])
    places = np.zeros(len(records), np.int64)
    for size in np.unique(sizes[sizes >= 0]).tolist():
        same = sizes == size
        joined = b"".join(keys if same.all() else compress(keys, same.tolist()))
        octets = np.frombuffer(joined, np.uint8).reshape(int(same.sum()), size)
        places[same] = (_murmur2(octets) & np.uint32(0x7FFFFFFF)) % partitions
    return [list(compress(records, (places == place).tolist())) for place in range(partitions)]


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
