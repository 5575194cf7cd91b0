"""Whole columns to Avro: each column becomes pieces of bytes, and a record is its pieces joined.

An Avro record is the concatenation of its fields, without framing, so no record is ever built as a Python object.
Columns with few distinct values are encoded once a value; numbers that differ in every row, by numpy at once.
The bytes are those of :class:`schemas.codec.Codec`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mesh.ingest.fields import Field, list_fields, plain_fields
from mesh.ingest.rules import PARENT
from mesh.kernel.event import Record
from schemas.personal import protect_column
from schemas.varint import encode_long

NULL = b"\x00"
"""The first branch of a union with null, and nothing after it."""
PRESENT = b"\x02"
"""The second branch; the value follows."""
END = b"\x00"
"""The block of no elements that ends an array."""

_LENGTHS = [encode_long(length) for length in range(4096)]
_FEW = 4
"""A column has few distinct values when each occurs this often on average."""

Pieces = bytes | list[bytes]
"""One piece for every row, or the same for all."""


def encode_batch(
    record: type[Record],
    header: bytes,
    events: pl.DataFrame,
    lists: Mapping[str, pl.DataFrame],
    subjects: pl.Series,
) -> list[bytes]:
    """The framed values of a batch of events, in the order of their rows.

    ``events`` and ``lists`` hold wire forms; a list's frame has its elements in order, with the position of their
    event as ``_parent``. ``subjects`` tells whose the personal fields of a row are.
    """
    plain = {field.name: field for field in plain_fields(record)}
    inner = list_fields(record)
    columns: list[Pieces] = [header]
    for name in record.model_fields:
        if name in plain:
            columns.append(_column(plain[name], events[name], subjects))
        else:
            elements = lists[name]
            owners = elements[PARENT].to_numpy()
            bodies = encode_batch(inner[name], b"", elements, {}, subjects.gather(elements[PARENT]))
            columns.append(_arrays(bodies, np.bincount(owners, minlength=events.height)))
    return _joined(columns, events.height)


def _joined(columns: Sequence[Pieces], rows: int) -> list[bytes]:
    parts: list[Pieces] = []
    for column in columns:
        if isinstance(column, bytes) and parts and isinstance(last := parts[-1], bytes):
            parts[-1] = last + column
        else:
            parts.append(column)
    varying: list[Iterable[bytes]] = [repeat(part, rows) if isinstance(part, bytes) else part for part in parts]
    return list(map(b"".join, zip(*varying, strict=True)))


def _arrays(bodies: list[bytes], counts: NDArray[np.int64]) -> list[bytes]:
    arrays, start = [], 0
    for count in counts.tolist():
        if count:
            arrays.append(encode_long(count) + b"".join(bodies[start : start + count]) + END)
            start += count
        else:
            arrays.append(END)
    return arrays


def _column(field: Field, column: pl.Series, subjects: pl.Series) -> Pieces:
    if field.personal:
        column = protect_column(subjects, field.name, column)
    elif field.kind == "text":
        column = column.cast(pl.Binary)
    distinct = column.unique()
    if len(distinct) * _FEW <= len(column):
        table = dict(zip(distinct.to_list(), _pieces(field, distinct), strict=True))
        if len(table) == 1:
            return next(iter(table.values()))
        return [table[value] for value in column.to_list()]
    return _pieces(field, column)


def _pieces(field: Field, column: pl.Series) -> list[bytes]:
    if not field.nullable:
        return _values(field, column)
    given = column.is_not_null()
    if not given.any():
        return [NULL] * len(column)
    values = iter(_values(field, column.drop_nulls()))
    return [PRESENT + next(values) if there else NULL for there in given.to_list()]


def _values(field: Field, column: pl.Series) -> list[bytes]:
    if field.kind == "text":
        return [_length(len(text)) + text for text in column.to_list()]
    if field.kind == "boolean":
        return [b"\x01" if value else b"\x00" for value in column.to_list()]
    if field.kind == "double":
        return _slices(column.to_numpy().astype("<f8").tobytes(), np.full(len(column), 8))
    numbers = column.cast(pl.Int64).to_numpy()
    return _decimals(numbers) if field.kind == "decimal" else _longs(numbers)


def _length(size: int) -> bytes:
    return _LENGTHS[size] if size < len(_LENGTHS) else encode_long(size)


def _longs(numbers: NDArray[np.int64]) -> list[bytes]:
    """Zigzag, then seven bits a byte, least significant first."""
    zigzag = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    shifts = np.arange(0, 70, 7, dtype=np.uint64)
    sizes = 1 + (zigzag[:, None] >= (np.uint64(1) << shifts[1:])).sum(axis=1)
    groups = ((zigzag[:, None] >> shifts) & np.uint64(127)).astype(np.uint8)
    places = np.arange(10)
    groups |= (places < sizes[:, None] - 1).astype(np.uint8) << np.uint8(7)
    return _slices(groups[places < sizes[:, None]].tobytes(), sizes)


def _decimals(numbers: NDArray[np.int64]) -> list[bytes]:
    """The size, then two's complement with the most significant byte first and one bit for the sign."""
    limits = np.int64(1) << np.arange(7, 63, 8, dtype=np.int64)
    sizes = 1 + (np.abs(numbers)[:, None] >= limits).sum(axis=1)
    wide = np.empty((len(numbers), 9), dtype=np.uint8)
    wide[:, 1:] = numbers.astype(">i8").view(np.uint8).reshape(-1, 8)
    places = np.arange(9)
    first = 8 - sizes
    wide[np.arange(len(numbers)), first] = 2 * sizes
    return _slices(wide[places >= first[:, None]].tobytes(), sizes + 1)


def _slices(flat: bytes, sizes: NDArray[np.int64]) -> list[bytes]:
    ends = np.cumsum(sizes).tolist()
    return [flat[start:end] for start, end in zip([0, *ends], ends, strict=False)]
