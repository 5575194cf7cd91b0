"""What a simulation did, in numbers: for people a table, for programs a dict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.table import Table

from mesh.simulate.faults import NAMES


@dataclass
class EventReport:
    """One type of event."""

    event: str
    topic: str
    made: int = 0
    """Events that happened."""
    published: int = 0
    """Records on the topic: without those refused, with duplicates."""
    elements: int = 0
    """Elements of their lists, such as order lines."""
    refused: int = 0
    """Events that their contract refuses; they are parked."""
    warnings: int = 0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class SimulationReport:
    """A whole simulation."""

    retailer: str
    tag: str
    dry_run: bool
    events: list[EventReport]
    truth: str
    """The file of the ground truth."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def event(self, name: str) -> EventReport:
        """The report of one type."""
        return next(event for event in self.events if event.event == name)

    @property
    def published(self) -> int:
        """Records on the topics."""
        return sum(event.published for event in self.events)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "retailer": self.retailer,
            "tag": self.tag,
            "dry_run": self.dry_run,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "truth": self.truth,
            "events": [{**vars(event), "faults": dict(event.faults)} for event in self.events],
        }

    def table(self) -> Table:
        """Events in rows; a figure that is nowhere above zero has no column."""
        figures = {
            "made": [event.made for event in self.events],
            "lines": [event.elements for event in self.events],
            **{fault: [event.faults[fault] for event in self.events] for fault in NAMES[1:]},
            "refused": [event.refused for event in self.events],
            "published": [event.published for event in self.events],
        }
        shown = {name: [*column, sum(column)] for name, column in figures.items() if any(column)}
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("event", overflow="fold")
        for name in shown:
            table.add_column(name, justify="right", no_wrap=True)
        names = [*(event.event for event in self.events), "together"]
        for name, *numbers in zip(names, *shown.values(), strict=True):
            table.add_row(name, *(f"{number:,}" if number else "–" for number in numbers))
        return table

    def rate(self) -> str:
        """How fast it was, in one line."""
        a_second = self.published / max(self.seconds, 1e-9)
        a_cpu_second = self.published / max(self.cpu_seconds, 1e-9)
        return (
            f"{self.published:,} records in {self.seconds:.1f} s, {a_second:,.0f} a second; "
            f"{a_cpu_second:,.0f} a CPU second"
        )
