"""Amounts divided among lines by their largest remainders, so that the parts add up to the whole exactly."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.semantic.sources import quoted

NUMBERS, WEIGHTS, TOTAL = "numbers", "weights", "total"
"""Columns of a row with its lines: their numbers, what they weigh, and the sum of that."""
_MOST = "toInt128({} * 10000)"
"""Ten-thousandths: money has four decimals. A product of two amounts fits into 128 bits."""


def weights(column: str) -> Iterator[str]:
    """What the lines weigh, from an array of amounts: lines without any weight weigh the same."""
    whole = f"arrayMap(amount -> {_MOST.format('amount')}, {column})"
    yield f"if(arraySum({whole}) = 0, arrayMap(amount -> toInt128(1), {column}), {whole}) AS {WEIGHTS}"
    yield f"arraySum({WEIGHTS}) AS {TOTAL}"


def divided(name: str, amount: str) -> Iterator[str]:
    """The columns that divide ``amount`` (SQL); the last one, ``name``, has a part a line.

    Each line gets its share rounded down to a ten-thousandth. What then remains goes, a ten-thousandth each,
    to the lines with the largest remainders; of equal ones to the first by number. An amount without lines
    stays whole.
    """
    units, low, ranks = (quoted(f"{name} {part}") for part in ("units", "low", "ranks"))
    whole = quoted(f"{name} whole")
    yield f"{amount} AS {whole}"
    yield f"{_MOST.format(f'abs({whole})')} AS {units}"
    yield f"arrayMap(weight -> intDiv({units} * weight, {TOTAL}), {WEIGHTS}) AS {low}"
    rests = f"arrayMap(weight -> ({units} * weight) % {TOTAL}, {WEIGHTS})"
    places = f"arrayEnumerate({WEIGHTS})"
    yield (f"arraySort((place, rest, number) -> (-rest, number), {places}, {rests}, {NUMBERS}) AS {ranks}")
    gets = f"part + (indexOf({ranks}, place) <= {units} - arraySum({low}))"
    one = f"toDecimal64(toDecimal128({gets}, 4) / 10000, 4) * sign({whole})"
    parts = f"arrayMap((part, place) -> {one}, {low}, {places})"
    yield f"if(empty({WEIGHTS}), [{whole}], {parts}) AS {quoted(name)}"
