"""The numbers that a measurement may be asked for."""

from __future__ import annotations

from benchmarks.error import BenchmarkError

RECORDS = range(1_000, 100_000_001)
"""Rows out, or order lines in."""
RATES = range(100, 200_001)
"""Rows or lines a second."""


def check(option: str, value: int, allowed: range) -> None:
    """Raise :class:`BenchmarkError` (``number-out-of-range``) for a number that cannot be measured."""
    if value not in allowed:
        raise BenchmarkError(
            "number-out-of-range",
            f"{value:,} is not between {allowed.start:,} and {allowed.stop - 1:,}",
            place=option,
            remedy="name a number in that range",
        )
