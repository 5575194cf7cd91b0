"""A measured figure with its goal, for people as a row of a table and for programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """What was measured; ``goal`` is the most that it should be, where there is a goal."""

    name: str
    """For programs."""
    what: str
    """For people."""
    value: float
    unit: str
    goal: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        return None if self.goal is None else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """All of it but the words for people."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "goal": self.goal,
            "met": self.met,
        }


def table(title: str, figures: Sequence[Figure]) -> Table:
    """One row a figure."""
    found = Table(title=title, box=SIMPLE, title_justify="left")
    found.add_column("what")
    for name in ("value", "goal", "met"):
        found.add_column(name, justify="right", no_wrap=True)
    for one in figures:
        goal = "–" if one.goal is None else f"≤ {_told(one.goal, one.unit)}"
        met = {None: "–", True: "[green]yes[/]", False: "[red]no[/]"}[one.met]
        found.add_row(one.what, _told(one.value, one.unit), goal, met)
    return found


def _told(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if float(value).is_integer() or value >= 1_000 else f"{value:,.2f}"
    return f"{text} {unit}".rstrip()
