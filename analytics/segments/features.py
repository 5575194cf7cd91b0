"""How each customer buys as of the end of a week: what segments are made of.

Who somebody is (age, sex, income, home) takes no part, so that a segment says what a customer does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from analytics.segments.week import Week

Numbers = NDArray[np.float64]


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
NAMES = tuple(feature.name for feature in FEATURES)
FIRST_NAMES = ("recency", "frequency", "monetary", "basket", "return_rate", "online_share")
"""What runs were learned from that did not keep the names."""
_BY_NAME = {feature.name: feature for feature in FEATURES}


@dataclass(frozen=True)
class Features:
    """Customers, by rising id, with a row each of numbers."""

    week: Week
    customers: tuple[str, ...]
    values: Numbers
    """By customer and feature, in the feature's own unit."""
    names: tuple[str, ...] = NAMES
    """Of the features, in the order of the columns."""

    @cached_property
    def prepared(self) -> Numbers:
        """The values with logarithms where few have much; what is below zero counts as zero there."""
        prepared = self.values.copy()
        for column, name in enumerate(self.names):
            if _BY_NAME[name].is_long:
                prepared[:, column] = np.log1p(np.maximum(prepared[:, column], 0))
        return prepared

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
