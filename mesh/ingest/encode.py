"""Whole columns to Avro, without an object for any row or value.

An Avro record is the concatenation of its fields, without framing. So numbers, lengths and branches of unions
are made by numpy, a column at a time (:mod:`schemas.column`), texts stay the bytes that they are, and Arrow
joins them row by row. The elements of a list, joined, lie one after another, so an array is a slice of them.
The bytes are those of :class:`schemas.codec.Codec`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, groupby
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mesh.ingest.fields import Field, list_fields, plain_fields
from mesh.ingest.rules import PARENT
from mesh.kernel.contract import Port
from mesh.kernel.event import Record
from schemas.column import Cells, cut, decimals, doubles, even, longs, same
from schemas.personal import protect_column
from schemas.wire import header

Piece: TypeAlias = "Cells | pa.LargeBinaryArray"
"""Of each row some bytes of its record."""

_WIRE = {
    "text": pl.Binary,
    "double": pl.Float64,
    **dict.fromkeys(("whole", "boolean", "decimal", "moment", "day"), pl.Int64),
}
"""What a column is cast to, by the kind of its field."""


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
        if not events.height:
            return []
        columns = self._columns(self._record, "", events, events)
        pieces: list[Piece] = [same(self._header, events.height)]
        for name in self._record.model_fields:
            pieces += columns[name] if name in columns else self._array(name, events, lists[name])
        values: list[bytes] = _joined(pieces).to_pylist()
        return values

    def _array(self, name: str, events: pl.DataFrame, elements: pl.DataFrame) -> list[Piece]:
        """The count of each event's elements, the elements, and the empty block that ends them."""
        owners = elements[PARENT]
        counts = np.bincount(owners.to_numpy(), minlength=events.height)
        given = counts > 0
        end = Cells(np.zeros((events.height, 1), np.uint8), given.astype(np.intp))
        if not elements.height:
            return [longs(counts), end]
        outer = events.select(pl.all().gather(owners)) if self._has_persons(name) else events
        columns = self._columns(list_fields(self._record)[name], f"{name}.", elements, outer)
        bodies = _joined(chain.from_iterable(columns.values()))
        starts = np.frombuffer(bodies.buffers()[1], dtype=np.int64)
        bounds = starts[np.concatenate([[0], np.cumsum(counts)])]
        return [longs(counts), _texts(bounds, bodies.buffers()[2]), end]

    def _has_persons(self, name: str) -> bool:
        return any(path.startswith(f"{name}.") for path in self._persons)

    def _columns(
        self, record: type[Record], path: str, frame: pl.DataFrame, outer: pl.DataFrame
    ) -> dict[str, list[Piece]]:
        """The pieces of each plain field; ``outer`` has the event's fields for each of the frame's rows."""
        fields = plain_fields(record)
        personal = {field.name for field in fields if field.personal}
        wire = frame.select(
            self._protected(f"{path}{field.name}", frame[field.name], outer)
            if field.name in personal
            else pl.col(field.name).cast(_WIRE[field.kind])
            for field in fields
        )
        return {field.name: _pieces(field, wire[field.name].rechunk()) for field in fields}

    def _protected(self, path: str, column: pl.Series, outer: pl.DataFrame) -> pl.Series:
        """Personal text as it goes on the wire."""
        person = self._persons.get(path)
        subjects = pl.Series([""]).new_from_index(0, len(column)) if person is None else outer[person]
        return protect_column(subjects, column.name, column)


def _pieces(field: Field, column: pl.Series) -> list[Piece]:
    """The bytes of a field: its branch, where it may be null, and its value."""
    if field.kind == "text":
        sizes = longs(_numbers(column.bin.size()).astype(np.int64))
        texts = [column.to_arrow(compat_level=pl.CompatLevel.oldest())]
        return [_branched(field, column, sizes), *(texts if column.null_count() < len(column) else [])]
    return [_branched(field, column, _cells(field, column))]


def _branched(field: Field, column: pl.Series, cells: Cells) -> Cells:
    return cells.behind(column.is_not_null().to_numpy()) if field.nullable else cells


def _cells(field: Field, column: pl.Series) -> Cells:
    """The values of a column; where it is null they mean nothing."""
    numbers = _numbers(column)
    if field.kind == "double":
        return doubles(numbers)
    if field.kind == "boolean":
        return even(numbers.astype(np.uint8).reshape(-1, 1))
    return decimals(numbers) if field.kind == "decimal" else longs(numbers)


def _numbers(column: pl.Series) -> NDArray[Any]:
    # By Polars: Arrow's way to numpy imports pandas, which takes longer than a small extract.
    return (column.fill_null(0) if column.null_count() else column).to_numpy()


def _joined(pieces: Iterable[Piece]) -> pa.LargeBinaryArray:
    """Each row's pieces one after another; neighbouring cells are cut out together."""
    columns: list[pa.LargeBinaryArray] = []
    for kind, group in groupby(pieces, type):
        neighbours = list(group)
        columns += [_cut_out(neighbours)] if kind is Cells else neighbours
    if len(columns) == 1:
        return columns[0]
    nothing = _texts(np.zeros(2, np.int64), pa.py_buffer(b""))[0]
    return pc.binary_join_element_wise(*columns, nothing, null_handling="replace", null_replacement="")


def _cut_out(cells: list[Cells]) -> pa.LargeBinaryArray:
    flat, sizes = cut(cells)
    return _texts(np.concatenate([[0], np.cumsum(sizes)]), pa.py_buffer(flat))


def _texts(bounds: NDArray[np.int64], flat: pa.Buffer) -> pa.LargeBinaryArray:
    """What lies between each two bounds."""
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), flat]
    )
