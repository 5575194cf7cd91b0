"""Versions of derived rows: four whole numbers in 256 bits, most significant first (rules 9 and 20)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mesh.reconcile.orders_enriched import PARTS

WIDTHS = {"OrderLineEnriched": (64, 64, 64, 64), "Customer360": (40, 88, 56, 72)}
"""Bits of each part, by record class."""

_SIZE = 32


def with_version(rows: pl.DataFrame, record: str) -> pl.DataFrame:
    """The parts of every row made one ``version`` column: 32 bytes, little-endian."""
    widths = WIDTHS[record]
    versions = [pack(parts, widths) for parts in rows.select(PARTS).iter_rows()]
    return rows.drop(PARTS).with_columns(pl.Series("version", versions, dtype=pl.Binary))


def pack(parts: Sequence[int], widths: Sequence[int]) -> bytes:
    """Four parts as 32 bytes. Raises :class:`OverflowError` when they need more."""
    number = 0
    for part, width in zip(parts, widths, strict=True):
        number = (number << width) + part
    return number.to_bytes(_SIZE, "little")


def unpack(version: bytes, widths: Sequence[int]) -> tuple[int, ...]:
    """The four parts of 32 bytes."""
    number = int.from_bytes(version, "little")
    parts = []
    for width in reversed(widths):
        parts.append(number & ((1 << width) - 1))
        number >>= width
    return tuple(reversed(parts))
