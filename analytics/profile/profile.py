"""What was found of one column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from analytics.profile.bins import Bins
from analytics.profile.column import Kind

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Before:
    """What the profile before it left of a column, to be compared with."""

    at: datetime
    bins: Bins


@dataclass(frozen=True, slots=True)
class Profile:
    """A column of a view as of one moment. Of what is personal there are counts and no values."""

    topic: str
    view: str
    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    """Different values of the rows looked at: up to 65,536 exactly, beyond that within a percent."""
    least: str = ""
    greatest: str = ""
    quantiles: tuple[float, ...] = ()
    """At :data:`QUANTILES`, within a thousandth of the rows; of a time in seconds since 1970."""
    frequent: tuple[tuple[str, int], ...] = ()
    histogram: tuple[tuple[float, int], ...] = ()
    """Lower end of each step with its rows."""
    bins: Bins | None = None
    """By what the next profile measures drift."""
    drift: float | None = None
    """Against the profile before; None where there is none, or no drift is measured."""
    before: datetime | None = None
    """When that was."""
    one_in: int = 1
    """One in how many rows was looked at; counts are so many times those of the rows that were."""
    limit: Decimal | None = None
    """Below how many percent of rows may lack the column, where the contract says so."""

    @property
    def missing_share(self) -> float:
        """Percent of the rows that lack the column."""
        return 100 * self.missing / self.rows if self.rows else 0.0

    @property
    def lacks_too_much(self) -> bool:
        """Whether more rows lack the column than its contract allows."""
        return self.limit is not None and self.missing > 0 and 100 * self.missing >= self.limit * self.rows
