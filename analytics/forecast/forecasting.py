"""A forecast from end to end: every method tried on the months that are over, the nearest one used. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import numpy as np

from analytics.forecast.methods import BASELINE, METHODS
from analytics.forecast.months import Months, Numbers
from analytics.forecast.parameters import Parameters
from mesh.kernel.errors import LearningError

USED = "used"
"""The row of quality that is not of one method: of whichever was used at each time."""


@dataclass(frozen=True)
class Trial:
    """What one method would have said of a month that is over."""

    base: date
    """The first month that was not known: everything was learned before."""
    month: date
    method: str
    used: bool
    """Whether the method was the nearest by what was known at the base."""
    forecast: float
    actual: float

    @property
    def error(self) -> float:
        """Forecast less actual, reporting currency."""
        return self.forecast - self.actual


@dataclass(frozen=True)
class Quality:
    """How near a method has been."""

    method: str
    forecasts: int
    """Months forecast, each once a base."""
    wape: float
    """Sum of the absolute errors by what was sold, in percent."""
    bias: float
    """Sum of the errors by the same: positive where too much was forecast."""


@dataclass(frozen=True)
class Forecast:
    """What is said of the months after a base."""

    base: date
    """The first month that is forecast."""
    digest: str
    """SHA-256 of all that decides on it: months and parameters."""
    known: int
    """Months that it was learned from."""
    method: str
    """The one that is used."""
    values: dict[str, Numbers]
    """By method and month, reporting currency."""
    tests: tuple[Trial, ...]
    """By base, month and method."""
    quality: tuple[Quality, ...]
    """Of every method and of :data:`USED`, the nearest first."""

    @property
    def verdict(self) -> str:
        """Whether what would have been used was nearer than the baseline: better, no better or worse."""
        wape = {one.method: one.wape for one in self.quality}
        if wape[USED] == wape[BASELINE]:
            return "no better"
        return "better" if wape[USED] < wape[BASELINE] else "worse"


def forecast(months: Months, parameters: Parameters) -> Forecast:
    """The next months; raise :class:`LearningError` where too few are known for a test.

    At every base all methods know the same months, and are held to the same ones that followed.
    """
    count = len(months.sold)
    tests: list[Trial] = []
    for known in range(parameters.least, count):
        tests += _tests(months, known, tests, parameters)
    if sum(one.actual for one in tests) <= 0:
        raise LearningError(
            "too-little-history",
            f"{count} whole months are over, and those after the first {parameters.least} test a forecast",
            place=f"months from {months.first}",
            remedy="name a later day, or publish more of the history",
        )
    values = {name: method(months.sold, parameters.ahead) for name, method in METHODS.items()}
    able = [name for name, value in values.items() if np.isfinite(value).all()]
    return Forecast(
        months.month(count),
        sha256("\0".join([months.digest, parameters.text()]).encode()).hexdigest(),
        count,
        nearest(tests, able),
        values,
        tuple(tests),
        tuple(_quality(tests)),
    )


def nearest(tests: Iterable[Trial], able: Iterable[str] = tuple(METHODS)) -> str:
    """The method of the least absolute errors, of those that can tell; without a test the first of them."""
    errors = dict.fromkeys(METHODS, 0.0)
    for one in tests:
        errors[one.method] += abs(one.error)
    return min(able, key=errors.__getitem__)


def _tests(months: Months, known: int, before: list[Trial], parameters: Parameters) -> list[Trial]:
    """What each method says after so many months. A month that one of them cannot tell tests none."""
    base = months.month(known)
    used = nearest(one for one in before if one.month < base)
    actual = months.sold[known : known + parameters.ahead]
    said = {name: method(months.sold[:known], len(actual)) for name, method in METHODS.items()}
    return [
        Trial(base, months.month(known + place), name, name == used, float(values[place]), float(sold))
        for place, sold in enumerate(actual)
        if all(np.isfinite(values[place]) for values in said.values())
        for name, values in said.items()
    ]


def _quality(tests: list[Trial]) -> list[Quality]:
    groups = {name: [one for one in tests if one.method == name] for name in METHODS}
    groups[USED] = [one for one in tests if one.used]
    found = []
    for name, those in groups.items():
        sold = sum(one.actual for one in those)
        wrong, leaning = sum(abs(one.error) for one in those), sum(one.error for one in those)
        found.append(Quality(name, len(those), 100 * wrong / sold, 100 * leaning / sold))
    return sorted(found, key=lambda one: one.wape)
