"""How much a row knows, as the 32 bytes of its version (rule 9 of the semantics)."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - the struct module names it in lower case

MICROS = 1_000_000
_EPOCH = 1 << 33
_MOST = (1 << 64) - 1
_FOUR_WORDS = Struct("<4Q").pack


def exact_clock(valid_from: int) -> int:
    """Clock of a dimension version that holds at the order's time; ``valid_from`` in microseconds."""
    return max(0, _EPOCH + valid_from // MICROS)


def early_clock(valid_from: int) -> int:
    """Clock of the earliest version, shown for want of one that holds: the nearer it is, the greater."""
    return max(0, _EPOCH - valid_from // MICROS)


def version(structure: int, registers: int, clocks: int, seqs: int) -> bytes:
    """The parts as one unsigned 256-bit number, little-endian.

    A part that exceeds its 64 bits stays at the greatest number that fits: some sixteen facts with a ``seq``
    near the limit of 2^60 would do that, and no real source comes near it.
    """
    try:
        return _FOUR_WORDS(seqs, clocks, registers, structure)
    except StructError:
        return _FOUR_WORDS(*(min(part, _MOST) for part in (seqs, clocks, registers, structure)))
