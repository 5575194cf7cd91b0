"""What decides on a prediction beside the facts; kept with each run."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.repeatable import stated


@dataclass(frozen=True)
class Parameters:
    """The numbers of a run; spans are in days."""

    share: int = 10
    """Percent of the customers whom marketing can contact."""
    horizon: int = 90
    """Who places no order for so long after the day is lost."""
    active: int = 90
    """Customers whose last order is no older: by the rule of 90 days none of them is lost yet."""
    step: int = 30
    """Between the days that a model is trained on."""
    snapshots: int = 12
    """Days that a model is trained on, at the most: a year of seasons."""
    tests: int = 4
    """Days that it is tested on, at the most, a horizon apart."""
    least: int = 200
    """Customers of all training days together, below which nothing is learned."""
    offer: int = 30
    """How long after a campaign has begun an order may follow from it."""

    def text(self) -> str:
        """Them and the versions of the libraries, as JSON: the same text, the same prediction."""
        return stated(self, "numpy", "scikit-learn")
