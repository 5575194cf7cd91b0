"""How the customers of a week differ from those of the week before, feature by feature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analytics.profile.bins import Bins, drift, lower_ends
from analytics.segments.features import Features, in_both
from analytics.segments.mix import Numbers


def bins(features: Features) -> dict[str, Bins]:
    """Each feature by its tenths, for next week to be compared with."""
    found = {}
    for name, values in zip(features.names, features.values.T, strict=True):
        marks = _marks(values)
        found[name] = Bins(marks, _counts(values, marks), 0)
    return found


def drifts(before: Mapping[str, Bins], features: Features) -> dict[str, float]:
    """The population stability index by feature, against the tenths of before; none of too few customers.

    Below 0.1 nothing moved, from 0.25 on the customers are others (see :func:`analytics.profile.bins.drift`).
    """
    found = {}
    for name in in_both(features.names, before):
        values = features.values[:, features.names.index(name)]
        moved = drift(before[name], _counts(values, before[name].marks), 0)
        if moved is not None:
            found[name] = moved
    return found


def _marks(column: Numbers) -> tuple[str, ...]:
    """Where tenths begin; a value that fills a tenth or more has a bin of its own, or none could leave it."""
    tenths = [float(one) for one in np.quantile(column, np.arange(10) / 10, method="lower")]
    above = (float(np.nextafter(one, np.inf)) for one in tenths if tenths.count(one) > 1)
    return lower_ends(sorted({*tenths, *above}))


def _counts(column: Numbers, marks: tuple[str, ...]) -> tuple[int, ...]:
    """Customers below the first mark, and from each mark on."""
    places = np.searchsorted([float(mark) for mark in marks], column, side="right")
    return tuple(int(count) for count in np.bincount(places, minlength=len(marks) + 1))
