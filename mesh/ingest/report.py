"""What an ingest did, in numbers: for people a table, for programs a dict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table


@dataclass
class EventReport:
    """One type of event. ``rows`` = ``published`` + rows rejected."""

    event: str
    topic: str
    rows: int
    published: int = 0
    elements: int = 0
    """Elements of their lists, such as order lines."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Dead letters by code."""
    warnings: Counter[str] = field(default_factory=Counter)
    """Rules of severity ``warning`` that published events break."""


@dataclass
class IngestReport:
    """A whole ingest."""

    mapping: str
    dry_run: bool
    events: list[EventReport]
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    examples: list[str] = field(default_factory=list)
    """The first rejected rows: file, row and reason."""

    @property
    def published(self) -> int:
        """Events published."""
        return sum(event.published for event in self.events)

    @property
    def elements(self) -> int:
        """Elements of lists in them."""
        return sum(event.elements for event in self.events)

    @property
    def rejected(self) -> int:
        """Rows that went to the dead letters."""
        return sum(event.rejected.total() for event in self.events)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "mapping": self.mapping,
            "dry_run": self.dry_run,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "published": self.published,
            "elements": self.elements,
            "rejected": self.rejected,
            "events": [
                {
                    "event": event.event,
                    "topic": event.topic,
                    "rows": event.rows,
                    "published": event.published,
                    "elements": event.elements,
                    "rejected": dict(event.rejected),
                    "warnings": dict(event.warnings),
                }
                for event in self.events
            ],
            "examples": self.examples,
        }

    def table(self) -> Table:
        """For people."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("event", no_wrap=True)
        for heading in ("published", "elements", "rejected", "warnings"):
            table.add_column(heading, justify="right", no_wrap=True)
        for event in self.events:
            counts = (event.published, event.elements, event.rejected.total(), event.warnings.total())
            table.add_row(event.event, *map(_count, counts))
        warnings = sum(event.warnings.total() for event in self.events)
        totals = (self.published, self.elements, self.rejected, warnings)
        table.add_row("together", *map(_count, totals), style="bold")
        return table

    def rate(self) -> str:
        """Rates in words."""
        things = self.published + self.elements
        return (
            f"{self.published:,} events in {self.seconds:.1f} s,"
            f" {self.published / max(self.seconds, 1e-9):,.0f} a second; "
            f"{things / max(self.cpu_seconds, 1e-9):,.0f} events and elements a CPU second"
        )


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"
