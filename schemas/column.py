"""Columns of numbers to Avro bytes, all rows at once; the bytes are those of the codec.

A column becomes cells, a table of bytes with a row for each of its rows. Cells of neighbouring columns stand
beside each other and are cut out in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Sizes = NDArray[np.intp]


class Cells(NamedTuple):
    """Of row n the first ``sizes[n]`` bytes of ``bytes[n]``; what follows them means nothing."""

    bytes: NDArray[np.uint8]
    sizes: Sizes

    def behind(self, given: NDArray[np.bool_]) -> Cells:
        """The second branch of a union with null where ``given``, else its first, and nothing after it."""
        branch = given.astype(np.uint8) << 1
        return Cells(np.column_stack([branch, self.bytes]), np.where(given, self.sizes + 1, 1))


def longs(numbers: Numbers) -> Cells:
    """Zigzag, then seven bits a byte, least significant first."""
    rest = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    width = max(1, (int(rest.max(initial=0)).bit_length() + 6) // 7)
    cells = np.empty((len(numbers), width), dtype=np.uint8)
    sizes = np.ones(len(numbers), dtype=np.intp)
    for place in range(width):
        low = rest.astype(np.uint8) & 127
        rest >>= np.uint64(7)
        more = rest != 0
        cells[:, place] = low | (more.view(np.uint8) << 7)
        sizes += more
    return Cells(cells, sizes)


def decimals(numbers: Numbers) -> Cells:
    """The size, then two's complement with the most significant byte first and one bit for the sign.

    Of a number that is led by zeros or ones no byte more is written than the codec does: it tells the sign of
    a negative number by the bits of its amount.
    """
    amounts = np.abs(numbers)
    width = int(amounts.max(initial=0)).bit_length() // 8 + 1
    sizes = np.ones(len(numbers), dtype=np.intp)
    for place in range(1, width):
        sizes += amounts >> (8 * place - 1) != 0
    cells = np.empty((len(numbers), width + 1), dtype=np.uint8)
    cells[:, 0] = 2 * sizes
    for place in range(width):
        cells[:, place + 1] = numbers >> (8 * np.maximum(sizes - 1 - place, 0))
    return Cells(cells, sizes + 1)


def doubles(numbers: NDArray[np.float64]) -> Cells:
    """Eight bytes, least significant first."""
    return even(numbers.astype("<f8").view(np.uint8).reshape(-1, 8))


def even(table: NDArray[np.uint8]) -> Cells:
    """Cells of which each takes its whole row."""
    return Cells(table, np.full(len(table), table.shape[1]))


def same(piece: bytes, rows: int) -> Cells:
    """These bytes in every row."""
    return even(np.broadcast_to(np.frombuffer(piece, dtype=np.uint8), (rows, len(piece))))


def cut(columns: Sequence[Cells]) -> tuple[bytes, Sizes]:
    """Each row's cells one after another: the bytes of all rows, and how many each row has."""
    table = np.concatenate([column.bytes for column in columns], axis=1)
    sizes = np.sum([column.sizes for column in columns], axis=0)
    if (sizes == table.shape[1]).all():
        return table.tobytes(), sizes
    used = [np.arange(column.bytes.shape[1]) < column.sizes[:, None] for column in columns]
    return table[np.concatenate(used, axis=1)].tobytes(), sizes


def slices(flat: bytes, sizes: Sizes) -> list[bytes]:
    """Bytes cut into pieces of these sizes."""
    ends = np.cumsum(sizes).tolist()
    return [flat[start:end] for start, end in zip([0, *ends], ends, strict=False)]
