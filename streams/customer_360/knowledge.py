"""How much a row of customer-360 knows: one number that adds up (rule 20).

Its parts are those of :data:`schemas.version.CUSTOMER`. With the parts in their places the versions of facts,
accounts and rows are numbers that are simply summed.
"""

from __future__ import annotations

from schemas.version import CUSTOMER, SIZE

_, _REGISTERS, _CLOCKS, _SEQS = CUSTOMER
CLOCK = 1 << _SEQS
"""One in the part of the as-of clocks."""
REGISTER = CLOCK << _CLOCKS
"""One in the part of the registers."""
STRUCTURE = REGISTER << _REGISTERS
"""One in the part of the structure."""

_MOST = (1 << 8 * SIZE) - 1


def version_bytes(version: int) -> bytes:
    """The version as it stands in a record; one that does not fit is the greatest that does."""
    return min(version, _MOST).to_bytes(SIZE, "little")


def version_of(raw: bytes) -> int:
    """The version that stands in a record."""
    return int.from_bytes(raw, "little")
