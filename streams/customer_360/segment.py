"""The segment of a golden customer, as bytes: what a row shows, and what it adds to the version (rule 25)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from streams.customer_360.knowledge import REGISTER
from streams.customer_360.numbers import ABSENT, PRESENT
from streams.customer_360.reading import Read

UNASSIGNED = ABSENT + ABSENT
"""The Avro bytes of a row's segment and week where none was told."""


class Assignment(NamedTuple):
    """A revision of the segment; they sort by it, and the highest holds."""

    seq: int
    shown: bytes
    """The Avro bytes of a row's segment and week."""
    digest: int
    """Of its contents; keyed by the process: no publisher can aim at it, and it is never stored."""

    @property
    def version(self) -> int:
        """What it adds to the version of its row: its revision + 1 in the registers (rule 20)."""
        return (self.seq + 1) * REGISTER


def assignment_of(fact: Read) -> Assignment:
    """The assignment that a fact states."""
    shown = _shown(fact.raw("segment"), fact.raw("week"))
    return Assignment(fact.number("seq"), shown, hash(fact.contents))


@lru_cache(4096)  # a week says a few things of many customers, so each is kept once
def _shown(segment: bytes, week: bytes) -> bytes:
    return b"".join((PRESENT, segment, PRESENT, week))
