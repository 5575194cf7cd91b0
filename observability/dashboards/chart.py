"""Draws the course of a value with block characters, one column a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
BASE = "▁"
"""What a zero looks like: something was measured."""


def columns(values: Sequence[float], width: int) -> list[float]:
    """Values brought to so many columns: the greatest of those that share one, NaN where there is none."""
    count = len(values)
    out = []
    for column in range(width):
        first = column * count // width
        last = max((column + 1) * count // width, first + 1)
        present = [value for value in values[first:last] if math.isfinite(value)]
        out.append(max(present, default=math.nan))
    return out


def area(values: Sequence[float], height: int, top: float) -> list[str]:
    """So many lines of text, the upper one first, that rise to ``top``. One cell a value.

    The highest cell stays an eighth short, so that courses beneath each other do not touch.
    """
    steps = [_steps(value, height * len(BLOCKS) - 1, top) for value in values]
    return [
        "".join(_cell(step, height - 1 - line, line == height - 1) for step in steps)
        for line in range(height)
    ]


def _steps(value: float, most: int, top: float) -> int | None:
    """Eighths of a cell; None where there is no value."""
    if not math.isfinite(value):
        return None
    if value <= 0 or top <= 0:
        return 0
    return max(1, min(most, round(value / top * most)))


def _cell(step: int | None, below: int, lowest: bool) -> str:
    if step is None:
        return " "
    rest = step - below * len(BLOCKS)
    if rest <= 0:
        return BASE if lowest else " "
    return BLOCKS[min(rest, len(BLOCKS)) - 1]
