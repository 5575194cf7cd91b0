"""Whole columns to Avro: each column becomes pieces of bytes, and a record is its pieces joined.

An Avro record is the concatenation of its fields, without framing, so no record is ever built as a Python
object. Columns with few distinct values are encoded once a value; numbers that differ in every row, by
numpy at once. The bytes are those of :class:`schemas.codec.Codec`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mesh.ingest.fields import Field, list_fields, plain_fields
from mesh.ingest.rules import PARENT
from mesh.kernel.contract import Port
from schemas.personal import protect_column
from schemas.wire import header
from streams.engine.avro.varint import encode_long

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


class Encoder:
    """Encodes batches of one port's events under one schema id."""

    def __init__(self, port: Port, schema_id: int) -> None:
        self._record = port.record
        self._header = header(schema_id)
        self._persons = {path: promise.subject for path, promise in port.promises.items() if promise.subject}

    def encode(self, events: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> list[bytes]:
        """The framed values of a batch, in the order of its rows.

        ``events`` and ``lists`` hold wire forms; a list's frame has its elements in order, with the
        position of their event as ``_parent``.
        """
        inner = list_fields(self._record)
        plain = {field.name: field for field in plain_fields(self._record)}
        columns: list[Pieces] = [self._header]
        for name in self._record.model_fields:
            if name in plain:
                columns.append(_column(self._protected(plain[name], name, events[name], events), plain[name]))
                continue
            elements = lists[name]
            owners = elements[PARENT]
            outer = events.select(pl.all().gather(owners)) if self._has_persons(name) else events
            bodies = _joined(
                [
                    _column(
                        self._protected(field, f"{name}.{field.name}", elements[field.name], outer), field
                    )
                    for field in plain_fields(inner[name])
                ],
                elements.height,
            )
            columns.append(_arrays(bodies, np.bincount(owners.to_numpy(), minlength=events.height)))
        return _joined(columns, events.height)

    def _has_persons(self, name: str) -> bool:
        return any(path.startswith(f"{name}.") for path in self._persons)

    def _protected(self, field: Field, path: str, column: pl.Series, outer: pl.DataFrame) -> pl.Series:
        """A column as it goes on the wire; ``outer`` has the event's fields for each of its rows."""
        if not field.personal:
            return column.cast(pl.Binary) if field.kind == "text" else column
        person = self._persons.get(path)
        subjects = pl.Series([""]).new_from_index(0, len(column)) if person is None else outer[person]
        return protect_column(subjects, field.name, column)


def _joined(columns: Sequence[Pieces], rows: int) -> list[bytes]:
    parts: list[Pieces] = []
    for column in columns:
        if isinstance(column, bytes) and parts and isinstance(last := parts[-1], bytes):
            parts[-1] = last + column
        else:
            parts.append(column)
    varying: list[Iterable[bytes]] = [
        repeat(part, rows) if isinstance(part, bytes) else part for part in parts
    ]
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


def _column(column: pl.Series, field: Field) -> Pieces:
    distinct = column.unique()
    if len(distinct) * _FEW <= len(column):
        table: dict[Any, bytes] = dict(zip(distinct.to_list(), _pieces(field, distinct), strict=True))
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
        if column.bin.size().lt(len(_LENGTHS)).all():
            return [_LENGTHS[len(text)] + text for text in column.to_list()]
        return [encode_long(len(text)) + text for text in column.to_list()]
    if field.kind == "boolean":
        return [b"\x01" if value else b"\x00" for value in column.to_list()]
    if field.kind == "double":
        return _slices(column.to_numpy().astype("<f8").tobytes(), np.full(len(column), 8))
    numbers = column.cast(pl.Int64).to_numpy()
    return _decimals(numbers) if field.kind == "decimal" else _longs(numbers)


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
