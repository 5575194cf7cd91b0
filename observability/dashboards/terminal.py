"""Lays a dashboard out for a terminal of any width, and deals it onto pages of any height."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from observability.dashboards.numbers import shown
from observability.dashboards.panel import Dashboard, Kind, Panel, Section, Unit
from observability.dashboards.reading import Alert, Reading
from observability.dashboards.tiles import BORDER, QUIET, draw, lines_wanted

_NARROWEST = {Kind.NUMBER: 19, Kind.SERIES: 56, Kind.STATES: 56}
"""Columns that a panel needs to be legible; a terminal that has fewer gets one panel beside none."""
_SEVERITIES = {"page": "bold red", "ticket": "yellow"}
MOST_ALERTS = 12
_ROOM_FOR_OWNERS = 110
"""Columns from which on a table of alerts tells their owners."""


@dataclass(frozen=True)
class Block:
    """Something that stays together on a page, and the lines that it takes."""

    picture: RenderableType
    height: int


def blocks(dashboard: Dashboard, reading: Reading, width: int) -> list[Block]:
    """The whole picture, from top to bottom."""
    found = [_head(dashboard, reading, width)]
    if reading.alerts:
        found.append(_alerts(reading, width))
    for section in dashboard.sections:
        heading: RenderableType | None = Rule(
            Text(section.title.upper(), style="bold"), align="left", style=QUIET, characters="─"
        )
        for row in _rows(section, width):
            block = _row(row, reading, width)
            if heading is not None:
                block = Block(Group(heading, block.picture), block.height + 1)
            found.append(block)
            heading = None
    return found


def pages(found: Sequence[Block], height: int) -> list[list[Block]]:
    """Blocks dealt onto pages of so many lines; the first block stands on top of each."""
    head, *rest = found
    dealt: list[list[Block]] = [[head]]
    room = height - head.height
    for block in rest:
        if block.height > room and len(dealt[-1]) > 1:
            dealt.append([head])
            room = height - head.height
        dealt[-1].append(block)
        room -= block.height
    return dealt


def _head(dashboard: Dashboard, reading: Reading, width: int) -> Block:
    moment = datetime.fromtimestamp(reading.span.end, UTC)
    title = Text(dashboard.title, style="bold", no_wrap=True, overflow="ellipsis")
    title.append("  ")
    title.append_text(_verdict(reading.alerts))
    line = Table.grid(expand=True)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    span = shown(reading.span.seconds, Unit.SECONDS)
    line.add_row(title, Text(f"{moment:%Y-%m-%d %H:%M:%S} UTC, last {span}", style=QUIET))
    tells = Text(dashboard.tells, style=QUIET, no_wrap=True, overflow="ellipsis")
    return Block(Group(line, tells), 2)


def _verdict(alerts: Sequence[Alert]) -> Text:
    firing = [alert for alert in alerts if alert.state == "firing"]
    if not firing:
        waiting = f", {len(alerts)} pending" if alerts else ""
        return Text(f"● nothing fires{waiting}", style="yellow" if alerts else "green")
    pages = sum(alert.severity == "page" for alert in firing)
    kinds = [f"{count} {name}" for count, name in ((pages, "page"), (len(firing) - pages, "ticket")) if count]
    return Text("● firing: " + ", ".join(kinds), style="bold red" if pages else "yellow")


def _alerts(reading: Reading, width: int) -> Block:
    """The alerts as a table; where it is narrow without their owners, since names tell the product."""
    table = Table(box=None, pad_edge=False, header_style=f"bold {QUIET}", expand=True)
    names = ("alert", "severity", "since") + (("owner",) if width >= _ROOM_FOR_OWNERS else ())
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    table.add_column("what", ratio=1, no_wrap=True, overflow="ellipsis")
    for alert in reading.alerts[:MOST_ALERTS]:
        style = _SEVERITIES.get(alert.severity, "") if alert.state == "firing" else QUIET
        age = shown(reading.span.end - alert.since.timestamp(), Unit.SECONDS)
        cells = (alert.name, alert.severity if alert.state == "firing" else "pending", age, alert.owner)
        styles = (style, style, "", "")
        row = [Text(cell, style=painted) for cell, painted in zip(cells, styles, strict=True)]
        table.add_row(*row[: len(names)], Text(alert.summary))
    hidden = len(reading.alerts) - MOST_ALERTS
    if hidden > 0:
        table.add_row(Text(f"and {hidden} more", style=QUIET))
    return Block(table, table.row_count + 1)


def _rows(section: Section, width: int) -> Iterator[list[Panel]]:
    """The panels of a section in rows: of one kind, as many beside each other as are legible, evenly."""
    for kinds in ((Kind.NUMBER,), (Kind.SERIES, Kind.STATES)):
        panels = [panel for panel in section.panels if panel.kind in kinds]
        if panels:
            most = max(width // _NARROWEST[kinds[0]], 1)
            each = ceil(len(panels) / ceil(len(panels) / most))
            for start in range(0, len(panels), each):
                yield panels[start : start + each]


def _row(panels: Sequence[Panel], reading: Reading, width: int) -> Block:
    """Panels beside each other, all as high as the highest, together as wide as the terminal."""
    height = max(lines_wanted(panel, reading.lines[panel]) for panel in panels)
    grid = Table.grid()
    drawn = []
    for place, panel in enumerate(panels):
        wide = (place + 1) * width // len(panels) - place * width // len(panels)
        grid.add_column(width=wide)
        drawn.append(draw(panel, reading.lines[panel], wide, height))
    grid.add_row(*drawn)
    return Block(grid, height + BORDER)
