"""How a value is written for people: three digits that matter, and its unit."""

from __future__ import annotations

import math

from observability.dashboards.panel import Unit

NOTHING = "–"
_TIMES = ((365.25 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "min"))
_WHOLE = 10
_RATES = {Unit.RECORDS_A_SECOND, Unit.ROWS_A_SECOND, Unit.CALLS_A_SECOND}


def shown(value: float, unit: Unit) -> str:
    """A value in at most nine characters; a dash where there is none."""
    if not math.isfinite(value):
        return NOTHING
    if unit is Unit.SECONDS:
        return _seconds(value)
    if unit is Unit.BYTES:
        return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))
    if unit is Unit.SHARE:
        return _share(value)
    if unit in _RATES:
        return _scaled(value, 1000, ("", "k", "M", "G"), "/s")
    if unit is Unit.COUNT and abs(value) >= _WHOLE:
        value = round(value)  # Prometheus estimates how much a counter has grown
    return _scaled(value, 1000, ("", "k", "M", "G"))


def _share(value: float) -> str:
    percent = value * 100
    if percent < 100:
        percent = min(percent, 99.99)  # what is not all must not be rounded to all
    return f"{_digits(percent, 4)} %"


def _seconds(value: float) -> str:
    size = abs(value)
    for length, name in _TIMES:
        if size >= length * 2 or (name == "min" and size >= 60):
            return f"{_digits(value / length, 2)} {name}"
    if size >= 1 or size == 0:
        return f"{_digits(value, 3)} s"
    return f"{_digits(value * 1000, 3)} ms"


def _scaled(value: float, factor: int, names: tuple[str, ...], after: str = "") -> str:
    rank = 0
    while abs(value) >= factor * 0.9995 and rank < len(names) - 1:
        value /= factor
        rank += 1
    name = names[rank]
    return f"{_digits(value, 3)}{' ' if name and factor == 1024 else ''}{name}{after}"


def _digits(value: float, digits: int) -> str:
    """A number with so many digits that matter, without a tail of zeros."""
    if value == 0 or abs(value) < 0.0005:
        return "0"
    before = max(math.floor(math.log10(abs(value))) + 1, 1)
    text = f"{value:.{max(digits - before, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
