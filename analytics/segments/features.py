"""How each customer buys as of the end of a week: what segments are made of.

Who somebody is (age, sex, income, home) takes no part, so that a segment says what a customer does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from analytics.segments.mix import Numbers, shrunk
from analytics.segments.week import Week


@dataclass(frozen=True)
class Feature:
    """A number of each customer."""

    name: str
    meaning: str
    is_long: bool
    """Whether few customers have much of it, so that its logarithm is taken."""
    much: str
    """What a segment is called that has more of it than others."""
    little: str


FEATURES = (
    Feature("recency", "Days from the last order to the end of the week", True, "long gone", "just here"),
    Feature("frequency", "Orders of the last 365 days", True, "often", "seldom"),
    Feature("monetary", "Net of all that was kept, reporting currency", True, "dear", "cheap"),
    Feature("basket", "Units by order", True, "large baskets", "small baskets"),
    Feature("return_rate", "Share of last year's units that came back", False, "many returns", "few returns"),
    Feature("online_share", "Share of the orders that were placed online", False, "online", "in store"),
)
UNITS, SHARE, REST = "units", "share ", "other shares"
"""Names of the units that were bought, of the share of a kind of goods (``share Boots``), and of the rest."""
NAMES = tuple(feature.name for feature in FEATURES)
FIRST_NAMES = ("recency", "frequency", "monetary", "basket", "return_rate", "online_share")
"""What runs were learned from that did not keep the names."""
_UNITS = Feature(UNITS, "Units that the shares are of; they take no part by themselves", False, "", "")
_BY_NAME = {feature.name: feature for feature in (*FEATURES, _UNITS)}


def is_share(name: str) -> bool:
    """Whether a feature is the share of a kind of goods."""
    return name == REST or name.startswith(SHARE)


def is_known(name: str) -> bool:
    """Whether a feature of a run can be learned from again."""
    return name in _BY_NAME or is_share(name)


def feature_of(name: str) -> Feature:
    """What a feature is, by its name."""
    if name == REST:
        return Feature(name, "Share of the units that are of all other kinds", False, "much else", "")
    if name.startswith(SHARE):
        kind = name.removeprefix(SHARE)
        return Feature(name, f"Share of the units that are {kind}", False, f"much {kind}", "")
    return _BY_NAME[name]


def in_both(names: tuple[str, ...], before: Collection[str]) -> list[str]:
    """The features that two weeks have, and of which each says the same of both.

    What the other kinds are is the same only where those that have shares of their own are the same.
    """
    both = [name for name in names if name in before]
    same = {name for name in names if is_share(name)} == {name for name in before if is_share(name)}
    return both if same else [name for name in both if name != REST]


@dataclass(frozen=True)
class Features:
    """Customers, by rising id, with a row each of numbers."""

    week: Week
    customers: tuple[str, ...]
    values: Numbers
    """By customer and feature, in the feature's own unit."""
    names: tuple[str, ...] = NAMES
    """Of the features, in the order of the columns."""

    def prepared(self, smoothing: float) -> Numbers:
        """The values as they are compared: logarithms where few have much, roots of shrunk shares.

        What is below zero counts as zero in logarithms. Units are 0, since all that they tell is how far the
        shares can be trusted (see :func:`analytics.segments.mix.shrunk`).
        """
        prepared = self.values.copy()
        shares = self.shares
        for column, name in enumerate(self.names):
            if name == UNITS:
                prepared[:, column] = 0
            elif not shares[column] and _BY_NAME[name].is_long:
                prepared[:, column] = np.log1p(np.maximum(prepared[:, column], 0))
        if shares.any():
            units = self.values[:, self.names.index(UNITS)]
            prepared[:, shares] = np.sqrt(shrunk(self.values[:, shares], units, smoothing))
        return prepared

    @property
    def shares(self) -> NDArray[np.bool_]:
        """By column, whether it is the share of a kind of goods."""
        return np.array([is_share(name) for name in self.names])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the week, the customers and every bit of their values."""
        found = sha256("\0".join([str(self.week), *self.names, *self.customers]).encode())
        found.update(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        return found.hexdigest()


def medians(values: Numbers, names: tuple[str, ...]) -> dict[str, float]:
    """The median of each feature over some customers."""
    middle: Callable[..., Numbers] = np.median
    return dict(zip(names, (float(one) for one in middle(values, axis=0)), strict=True))
