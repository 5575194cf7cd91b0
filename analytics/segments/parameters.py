"""What decides on segments beside the customers: every number is stated here, and kept with each run."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.repeatable import stated


@dataclass(frozen=True)
class Parameters:
    """The numbers of a run."""

    fewest: int = 3
    """Clusters at the least."""
    most: int = 8
    """Clusters at the most: more of them nobody tells apart."""
    sample: int = 2_000
    """Customers by whom the number of clusters is chosen: silhouettes cost the square of it."""
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
        return stated(self, "numpy", "scikit-learn", "scipy")
