"""What decides on segments beside the customers: every number is stated here, and kept with each run."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Self

from analytics.repeatable import stated

_LIBRARIES = ("numpy", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Parameters:
    """The numbers of a run."""

    fewest: int = 3
    """Clusters at the least."""
    most: int = 8
    """Clusters at the most: more of them nobody tells apart."""
    sample: int = 2_000
    """Customers by whom the number of clusters is chosen: silhouettes cost the square of it."""
    kinds: int = 12
    """Kinds of goods at the most, those bought most, that have a share of their own; the others share one."""
    smoothing: float = 3.0
    """Units of everybody's mix that are added to each customer's, so that one unit does not make a taste."""
    mix_weight: float = 6.0
    """How much the roots of the shares weigh, beside other features of a standard deviation of 1."""
    stay: float = 0.02
    """By how much another number of clusters must be better than last week's to take its place."""
    starts: int = 10
    """Beginnings of k-means, of which the best is taken."""
    seed: int = 0
    """Of the sample, and of the beginnings."""
    match_within: float = 1.5
    """How far a segment's centre may move in a week and be the same segment, in last week's standard
    deviations."""
    least_customers: int = 100
    """With fewer there is nothing to tell apart, and no drift to measure."""

    def text(self) -> str:
        """Them and the versions of the libraries, as JSON: the same text, the same segments."""
        return stated(self, *_LIBRARIES)

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Those of a text; None where they are not the same numbers, as in another version of the mesh."""
        said = {name: value for name, value in json.loads(text).items() if name not in _LIBRARIES}
        return cls(**said) if said.keys() == {field.name for field in fields(cls)} else None
