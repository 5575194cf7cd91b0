"""What decides on a forecast beside the months; kept with each run."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.repeatable import stated


@dataclass(frozen=True)
class Parameters:
    """The numbers of a run, in months."""

    ahead: int = 3
    """Months that are forecast, and that each test forecasts."""
    least: int = 15
    """Months known before the first test: a year, and three more to see growth by."""

    def text(self) -> str:
        """Them and the versions of the libraries, as JSON: the same text, the same forecast."""
        return stated(self, "numpy", "statsmodels")
