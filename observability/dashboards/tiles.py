"""Draws one panel for the terminal: a box of an exact size with numbers and their courses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.panel import Panel as Box
from rich.text import Text

from observability.dashboards.chart import area, columns
from observability.dashboards.numbers import NOTHING, shown
from observability.dashboards.panel import Kind, Level, Panel
from observability.dashboards.reading import Line

COLOURS = {Level.GOOD: "green", Level.WARN: "yellow", Level.BAD: "red"}
PLAIN = "cyan"
"""Of a course that is neither good nor bad."""
QUIET = "bright_black"
BORDER = 2
"""Lines, and on each side columns, that the box itself takes."""
NUMBER_LINES = 2
MOST_LINES = 12
"""Series that a panel shows at the most; the smallest are left out."""
_VALUE = 9
_PREFIX = "mesh."


def lines_wanted(panel: Panel, lines: Sequence[Line]) -> int:
    """The lines that a panel needs inside its box."""
    if panel.kind is Kind.NUMBER:
        return NUMBER_LINES
    if panel.kind is Kind.STATES:
        return max(len(lines), 1)
    return max(min(len(lines), MOST_LINES), 2)


def level(panel: Panel, value: float) -> Level | None:
    """How good a value of a panel is; None where it is neither, or is not there."""
    if panel.thresholds is None or not math.isfinite(value):
        return None
    return panel.thresholds.level(value)


def draw(panel: Panel, lines: Sequence[Line], width: int, height: int) -> Box:
    """The panel in a box of so many columns, with so many lines inside."""
    inside = width - 2 * BORDER
    if not lines:
        body = Text(panel.empty or "no data yet", style=f"italic {QUIET}", overflow="ellipsis", no_wrap=True)
    elif panel.kind is Kind.NUMBER:
        body = _number(panel, lines[0], inside)
    elif panel.kind is Kind.STATES:
        body = _states(panel, lines, inside)
    else:
        body = _series(panel, lines, inside, height)
    bad = any(level(panel, line.last) is Level.BAD for line in lines)
    return Box(
        body,
        title=Text(panel.title, style="bold red" if bad else "bold default", overflow="ellipsis"),
        title_align="left",
        box=box.ROUNDED,
        border_style="red" if bad else QUIET,
        width=width,
        height=height + BORDER,
    )


def _number(panel: Panel, line: Line, width: int) -> Text:
    now = level(panel, line.last)
    style = f"bold {COLOURS[now]}" if now else "bold"
    text = Text(no_wrap=True)
    text.append(shown(line.last, panel.unit), style=style)
    text.append("\n")
    text.append_text(_course(panel, line, width, 1, _top(panel, [line]))[0])
    return text


def _series(panel: Panel, lines: Sequence[Line], width: int, height: int) -> Text:
    kept = _greatest(lines, min(height, MOST_LINES))
    names = [line.name.removeprefix(_PREFIX) for line in kept]
    label = min(max(map(cell_len, names)), max(width // 3, 8))
    chart = width - label - _VALUE - 2
    top = _top(panel, lines)
    out = Text(no_wrap=True)
    tall = height // len(kept)
    for place, (name, line) in enumerate(zip(names, kept, strict=True)):
        course = _course(panel, line, chart, tall, top)
        now = level(panel, line.last)
        value = Text(shown(line.last, panel.unit), style=f"bold {COLOURS[now]}" if now else "bold")
        for row, drawn in enumerate(course):
            if place or row:
                out.append("\n")
            out.append(_fit(name if row == tall - 1 else "", label))
            out.append(" ")
            out.append_text(drawn)
            out.append(" ")
            if row == tall - 1:
                out.append(" " * max(_VALUE - value.cell_len, 0))
                out.append_text(value)
            elif row == tall - 2:
                out.append(f"{_most(line, panel):>{_VALUE}}", style=QUIET)
    return out


def _states(panel: Panel, lines: Sequence[Line], width: int) -> Text:
    label = min(max(cell_len(line.name) for line in lines), max(width // 2, 8))
    out = Text(no_wrap=True)
    for place, line in enumerate(lines):
        if place:
            out.append("\n")
        out.append(_fit(line.name, label) + " ")
        for now, cells in groupby(level(panel, value) for value in columns(line.values, width - label - 6)):
            count = len(list(cells))
            out.append(("▆" if now else " ") * count, style=COLOURS[now] if now else "")
        now = level(panel, line.last)
        word = {Level.GOOD: "up", Level.BAD: "down"}.get(now, NOTHING) if now else NOTHING
        out.append(f"{word:>5}", style=f"bold {COLOURS[now]}" if now else QUIET)
    return out


def _course(panel: Panel, line: Line, width: int, height: int, top: float) -> list[Text]:
    """The course of a line, each column coloured by how good its value was."""
    if width <= 0:
        return [Text()] * height
    values = columns(line.values, width)
    styles = [_style(panel, value) for value in values]
    drawn = []
    for row in area(values, height, top):
        text = Text(no_wrap=True)
        for style, cells in groupby(zip(row, styles, strict=True), key=itemgetter(1)):
            text.append("".join(cell for cell, _ in cells), style=style)
        drawn.append(text)
    return drawn


def _most(line: Line, panel: Panel) -> str:
    """The greatest value of a course, which stands above the present one where there is room."""
    return f"≤{shown(line.highest, panel.unit)}" if math.isfinite(line.highest) else ""


def _style(panel: Panel, value: float) -> str:
    """The colour of a column; a gap has none, so that it can be told from what was measured."""
    if not math.isfinite(value):
        return ""
    now = level(panel, value)
    if now is None:
        return PLAIN if value else QUIET
    return QUIET if now is Level.GOOD and value == 0 else COLOURS[now]


def _top(panel: Panel, lines: Sequence[Line]) -> float:
    """What the courses of a panel rise to: the greatest value of all."""
    return max((line.highest for line in lines if math.isfinite(line.highest)), default=0.0)


def _greatest(lines: Sequence[Line], count: int) -> list[Line]:
    """The lines that reached highest, in order of their names."""
    ranked = sorted(lines, key=lambda line: -line.highest if math.isfinite(line.highest) else math.inf)
    return sorted(ranked[:count], key=lambda line: line.name)


def _fit(name: str, width: int) -> str:
    return name[: width - 1] + "…" if cell_len(name) > width else set_cell_size(name, width)
