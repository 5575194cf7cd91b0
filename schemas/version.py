"""How much a derived row knows, as one unsigned 256-bit number.

A version has four parts, most significant first: structure, registers, clocks, seqs. Versions compare as
their parts do from left to right, so the number can be the version column of a ReplacingMergeTree (UInt256).
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - the struct module names it in lower case

Parts = tuple[int, int, int, int]
"""Structure, registers, clocks, seqs."""

SIZE = 32
"""Bytes of a packed version."""

ORDER_LINE: Parts = (64, 64, 64, 64)
"""Widths in bits of the parts in orders-enriched."""

CUSTOMER: Parts = (40, 88, 56, 72)
"""Widths in bits of the parts in customer-360, whose registers and seqs are sums over many facts."""

_FOUR_WORDS = Struct("<4Q")


def pack(parts: Parts, widths: Parts) -> bytes:
    """The parts as 32 bytes, little-endian. Raises :class:`OverflowError` when one does not fit its width."""
    structure, registers, clocks, seqs = parts
    if widths == ORDER_LINE:
        try:
            return _FOUR_WORDS.pack(seqs, clocks, registers, structure)
        except StructError:
            raise OverflowError(f"version parts {parts} do not fit {widths} bits") from None
    if (
        structure >> widths[0] or registers >> widths[1] or clocks >> widths[2] or seqs >> widths[3]
    ):  # a negative number shifts to a negative one, so it is caught too
        raise OverflowError(f"version parts {parts} do not fit {widths} bits")
    number = ((structure << widths[1] | registers) << widths[2] | clocks) << widths[3] | seqs
    return number.to_bytes(SIZE, "little")


def unpack(raw: bytes, widths: Parts) -> Parts:
    """The parts of a packed version. Raises :class:`ValueError` when it has not 32 bytes."""
    if len(raw) != SIZE:
        raise ValueError(f"a version has {SIZE} bytes, not {len(raw)}")
    number = int.from_bytes(raw, "little")
    parts = []
    for width in reversed(widths):
        parts.append(number & ((1 << width) - 1))
        number >>= width
    seqs, clocks, registers, structure = parts
    return structure, registers, clocks, seqs
