"""A measured figure with its goal, for people as a row of a table and for programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """What was measured; ``goal`` is the most that it should be, or the least, where there is a goal."""

    name: str
    """For programs."""
    what: str
    """For people."""
    value: float | None
    """None where nothing could be measured."""
    unit: str
    goal: float | None = None
    at_least: bool = False
    """Whether the goal is the least that it should be."""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met, which nothing measured does not; None without a goal."""
        if self.goal is None:
            return None
        if self.value is None:
            return False
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """All of it but the words for people."""
        return {
            "name": self.name,
            "value": None if self.value is None else round(self.value, 3),
            "unit": self.unit,
            "goal": self.goal,
            "at_least": self.at_least,
            "met": self.met,
        }


def table(title: str, figures: Sequence[Figure]) -> Table:
    """One row a figure."""
    found = Table(title=title, box=SIMPLE, title_justify="left")
    found.add_column("what")
    for name in ("value", "goal", "met"):
        found.add_column(name, justify="right", no_wrap=True)
    for one in figures:
        goal = "–" if one.goal is None else f"{'≥' if one.at_least else '≤'} {_told(one.goal, one.unit)}"
        met = {None: "–", True: "[green]yes[/]", False: "[red]no[/]"}[one.met]
        found.add_row(one.what, _told(one.value, one.unit), goal, met)
    return found


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    text = f"{value:,.0f}" if float(value).is_integer() or value >= 1_000 else f"{value:,.2f}"
    return f"{text} {unit}".rstrip()
