"""Columns of whole numbers to Avro bytes, all rows at once; the bytes are those of the codec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class Cells(NamedTuple):
    """One column: of row n the first ``sizes[n]`` bytes of ``bytes[n]``; what follows them means nothing."""

    bytes: NDArray[np.uint8]
    sizes: NDArray[np.intp]

    @property
    def are_even(self) -> bool:
        """Whether all rows have the same size, which is then the width of ``bytes``."""
        return bool((self.sizes == self.bytes.shape[1]).all())


def longs(numbers: Numbers) -> Cells:
    """Zigzag, then seven bits a byte, least significant first."""
    rest = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    most = int(rest.max(initial=0))
    width = max(1, (most.bit_length() + 6) // 7)
    cells = np.empty((len(numbers), width), dtype=np.uint8)
    sizes = np.ones(len(numbers), dtype=np.intp)
    for place in range(width):
        low = rest.astype(np.uint8)
        rest >>= np.uint64(7)
        more = rest != 0
        cells[:, place] = (low & 127) | (more.view(np.uint8) << 7)
        sizes += more
    return Cells(cells, sizes)


def joined(columns: Sequence[Cells | bytes]) -> list[bytes]:
    """Each row's cells one after another; bytes stand for a column that is the same in every row.

    At least one column has cells, which tell how many rows there are.
    """
    rows = next(len(column.sizes) for column in columns if isinstance(column, Cells))
    cells = [column if isinstance(column, Cells) else _constant(column, rows) for column in columns]
    table = np.concatenate([column.bytes for column in cells], axis=1)
    if all(column.are_even for column in cells):
        width = table.shape[1]
        flat = table.tobytes()
        return [flat[start : start + width] for start in range(0, len(flat), width)]
    used = [np.arange(column.bytes.shape[1]) < column.sizes[:, None] for column in cells]
    return slices(
        table[np.concatenate(used, axis=1)].tobytes(), np.sum([column.sizes for column in cells], axis=0)
    )


def slices(flat: bytes, sizes: NDArray[np.intp]) -> list[bytes]:
    """Bytes cut into pieces of these sizes."""
    ends = np.cumsum(sizes).tolist()
    return [flat[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _constant(piece: bytes, rows: int) -> Cells:
    cells = np.broadcast_to(np.frombuffer(piece, dtype=np.uint8), (rows, len(piece)))
    return Cells(cells, np.full(rows, len(piece)))
