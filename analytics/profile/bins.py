"""Bins: how the values of a column are divided, so that two moments can be compared.

A measured column has the lower ends of its bins, another one the values of its bins. Counts have one entry
more than bins: the first is of rows that are in none of them. Rows without a value are counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

STEPS = 10
FREQUENT = 10
"""The most frequent values that are kept."""
LEAST_ROWS = 100
"""Below that many rows chance alone moves every share, and no drift is told."""
NEVER = 1e-4
"""The share that stands for none, whose logarithm does not exist."""
MOVED, CHANGED = 0.1, 0.25
"""Drift from which a distribution has moved, and from which it is another one (Siddiqi, as below)."""


@dataclass(frozen=True, slots=True)
class Bins:
    """How rows are divided, with the rows in each bin and those without a value."""

    marks: tuple[str, ...]
    """Lower ends, or values."""
    counts: tuple[int, ...]
    missing: int

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.counts) + self.missing


def steps(least: float, greatest: float) -> tuple[float, ...]:
    """The lower ends of equal steps from least to greatest; one step where they are the same."""
    if not greatest > least:
        return (least,)
    return tuple(least + (greatest - least) * step / STEPS for step in range(STEPS))


def lower_ends(deciles: Sequence[float]) -> tuple[str, ...]:
    """Bins that hold a tenth of the rows each, as far as equal values let them."""
    return tuple(repr(end) for end in dict.fromkeys(deciles))


def drift(before: Bins, now: Sequence[int], missing: int) -> float | None:
    """The population stability index of rows that are divided by the bins of before.

    Sum over bins of (p - q) ln(p / q), where p and q are the bin's shares now and before, the rows without a
    value being one more bin: the symmetric Kullback-Leibler divergence. Below 0.1 nothing moved, from 0.25 on
    the distribution is another one (N. Siddiqi, Credit Risk Scorecards, Wiley 2006). None: too few rows.
    """
    old, new = (*before.counts, before.missing), (*now, missing)
    if len(old) != len(new):
        raise ValueError(f"{len(new)} counts for {len(old)} bins")
    if min(sum(old), sum(new)) < LEAST_ROWS:
        return None
    found = 0.0
    for then, current in zip(old, new, strict=True):
        if then or current:
            q, p = max(then / sum(old), NEVER), max(current / sum(new), NEVER)
            found += (p - q) * log(p / q)
    return found
