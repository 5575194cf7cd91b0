"""What a panel is: one description from which Grafana's JSON and the terminal's picture are both made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from itertools import pairwise


class Level(StrEnum):
    """How good a value is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


class Unit(Enum):
    """What a value counts, with the name of the unit in Grafana."""

    COUNT = "short"
    RECORDS_A_SECOND = "recps"
    ROWS_A_SECOND = "rowsps"
    CALLS_A_SECOND = "ops"
    SECONDS = "s"
    BYTES = "bytes"
    SHARE = "percentunit"
    CORES = "none"


@dataclass(frozen=True)
class Thresholds:
    """Levels by value: ``base`` below the first step, then each step's level from its value upward."""

    base: Level
    steps: tuple[tuple[float, Level], ...]

    def __post_init__(self) -> None:
        if any(before >= after for (before, _), (after, _) in pairwise(self.steps)):
            raise ValueError("steps must ascend")

    def level(self, value: float) -> Level:
        """The level of a value."""
        reached = self.base
        for start, level in self.steps:
            if value >= start:
                reached = level
        return reached


UP = Thresholds(Level.BAD, ((1, Level.GOOD),))
"""1 is up, 0 is down."""


def above(warn: float | None, bad: float) -> Thresholds:
    """Small values are good: warn from ``warn`` upward, bad from ``bad`` upward."""
    first = () if warn is None else ((warn, Level.WARN),)
    return Thresholds(Level.GOOD, (*first, (bad, Level.BAD)))


def below(warn: float, bad: float) -> Thresholds:
    """Large values are good: bad under ``bad``, warn under ``warn``."""
    return Thresholds(Level.BAD, ((bad, Level.WARN), (warn, Level.GOOD)))


@dataclass(frozen=True)
class Query:
    """One expression of Prometheus, and how each of its series is named.

    ``legend`` is Grafana's template: ``{{app}}`` stands for the value of the label.
    """

    expr: str
    legend: str = ""


class Kind(StrEnum):
    """How a panel is drawn: one number with its course, a line or a bar of states for each series."""

    NUMBER = "number"
    SERIES = "series"
    STATES = "states"


@dataclass(frozen=True)
class Panel:
    """One picture: what it is called, what it tells, what it asks.

    ``empty`` says when there is rightly nothing to show; a panel without it always shows something on a mesh
    that runs, 0 included. ``stacked`` series are parts of a whole.
    """

    title: str
    tells: str
    queries: tuple[Query, ...]
    unit: Unit
    kind: Kind = Kind.SERIES
    thresholds: Thresholds | None = None
    empty: str = ""
    stacked: bool = False


@dataclass(frozen=True)
class Section:
    """Panels that answer one question together."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """Sections in the order in which somebody on call reads them.

    ``name`` is ``platform`` or a domain; ``alerts`` selects its alerts, as Prometheus' matchers.
    """

    name: str
    title: str
    tells: str
    sections: tuple[Section, ...]
    alerts: str

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in reading order."""
        return tuple(panel for section in self.sections for panel in section.panels)


def number(
    title: str,
    tells: str,
    expr: str,
    unit: Unit,
    thresholds: Thresholds | None = None,
    *,
    empty: str = "",
) -> Panel:
    """A panel of one number."""
    return Panel(title, tells, (Query(expr, title),), unit, Kind.NUMBER, thresholds, empty)


def series(
    title: str,
    tells: str,
    unit: Unit,
    *queries: Query,
    thresholds: Thresholds | None = None,
    empty: str = "",
    stacked: bool = False,
) -> Panel:
    """A panel of lines."""
    return Panel(title, tells, queries, unit, Kind.SERIES, thresholds, empty, stacked)


def states(title: str, tells: str, *queries: Query, empty: str = "") -> Panel:
    """A panel of bars that are up or down."""
    return Panel(title, tells, queries, Unit.COUNT, Kind.STATES, UP, empty)
