"""Whether a table grows as it did: a robust outlier test on the rates at which rows came."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

LEAST_RATES = 8
"""Intervals before which nothing can be said."""
OUTLIER = 3.5
"""Robust deviations from which a rate is odd (B. Iglewicz, D. Hoaglin, How to Detect and Handle Outliers)."""
OF_MAD, OF_MEAN = 1.4826, 1.2533
"""What makes a median absolute deviation, or where that is 0 a mean one, a standard deviation."""
FEW, SMALL = 10, 0.01
"""So many rows, or so great a part of all, are never odd: a quiet table may be corrected."""


class Count(NamedTuple):
    """How many rows a table had at a moment."""

    at: float
    """Seconds since 1970."""
    rows: int


def odd_rows(before: Sequence[Count], now: Count) -> int:
    """How many rows too many or too few came since the last of some counts, oldest first; 0: none.

    Rows that are gone are odd at once; a rate is, when it lies far from those before.
    """
    if not before or now.at <= before[-1].at:
        return 0
    last = before[-1]
    came, seconds = now.rows - last.rows, now.at - last.at
    allowed = max(FEW, SMALL * last.rows)
    if -came > allowed:
        return -came
    rates = [(two.rows - one.rows) / (two.at - one.at) for one, two in pairwise(before) if two.at > one.at]
    if len(rates) < LEAST_RATES:
        return 0
    middle = median(rates)
    deviations = [abs(rate - middle) for rate in rates]
    spread = OF_MAD * median(deviations) or OF_MEAN * sum(deviations) / len(deviations)
    off = abs(came - middle * seconds)
    return round(off) if off > max(allowed, OUTLIER * spread * seconds) else 0
