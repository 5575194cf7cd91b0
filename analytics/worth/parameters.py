"""What decides on the worth of customers beside what they bought; kept with each run."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.repeatable import stated


@dataclass(frozen=True)
class Parameters:
    """The numbers of a run; spans are in days."""

    horizon: int = 365
    """How far ahead spending is told, and held out in a test."""
    tests: int = 2
    """Earlier days that it is tested on, at the most, a horizon apart."""
    repeating: int = 50
    """Percent of the customers who must have bought on two days at least: below it the data are thin."""
    least: int = 200
    """Customers below whom nothing is fitted."""

    def text(self) -> str:
        """Them and the versions of the libraries, as JSON: the same text, the same worth."""
        return stated(self, "numpy", "scipy")
