"""The contract's rules over whole columns: the same rule objects, the same verdicts as on one event.

Frames hold wire forms (:class:`mesh.ingest.fields.Field`), so amounts are compared as whole numbers, exactly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction

import polars as pl

from mesh.ingest.fields import Field, list_fields, plain_fields
from mesh.kernel.contract import Port
from mesh.kernel.event import Record
from mesh.kernel.quality import Equation, NotNull, Range, Regex, Rule, Values

PARENT = "_parent"
"""Column of a list's frame: the position of its event in the event's frame."""

_INT128 = 2**127 - 1
_WIDEST = {"whole": 2**63, "decimal": 10**18}
_EXACT = Context(prec=400)


class Judge:
    """Evaluates every rule of a port over a batch of events."""

    def __init__(self, port: Port) -> None:
        self.rules = port.rules
        self._record = port.record

    def broken(self, events: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> list[pl.Series]:
        """For each rule, in the contract's order, a Boolean a row of ``events``: True where it is broken."""
        return [self._broken(rule, events, lists) for rule in self.rules]

    def _broken(self, rule: Rule, events: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> pl.Series:
        *path, name = rule.field.split(".")
        if not path:
            return _evaluate(rule, name, self._record, events)
        (holder,) = path
        elements = lists[holder]
        failed = _evaluate(rule, name, list_fields(self._record)[holder], elements)
        owners = elements[PARENT].filter(failed)
        return pl.int_range(events.height, eager=True).is_in(owners.implode())


def _evaluate(rule: Rule, name: str, record: type[Record], frame: pl.DataFrame) -> pl.Series:
    fields = {field.name: field for field in plain_fields(record)}
    column = frame[name]
    if isinstance(rule, NotNull):
        return column.is_null()
    if isinstance(rule, Values):
        return (~column.is_in(list(rule.values))).fill_null(False)
    if isinstance(rule, Regex):
        return _unmatched(rule, column)
    if isinstance(rule, Range):
        return _outside(rule, fields[name], column)
    return _unequal(rule, name, fields, frame)


def _unmatched(rule: Regex, column: pl.Series) -> pl.Series:
    # Python's own engine on each distinct text, so that no other engine's view of a pattern can differ.
    match = re.compile(rule.pattern).fullmatch
    wrong = [text for text in column.unique().to_list() if text is not None and match(text) is None]
    return column.is_in(wrong).fill_null(False)


def _outside(rule: Range, field: Field, column: pl.Series) -> pl.Series:
    value = pl.col(column.name)
    tests = []
    if field.kind == "double":
        if rule.minimum is not None:
            tests.append(value < _float_from(rule.minimum, math.inf))
        if rule.maximum is not None:
            tests.append(value > _float_from(rule.maximum, -math.inf))
        tests.append(value.is_nan())  # within no bounds, and for Polars the greatest number
    else:
        wide, factor = value.cast(pl.Int128), 10**field.scale
        if rule.minimum is not None:
            tests.append(wide < _clamped(math.ceil(Fraction(rule.minimum) * factor)))
        if rule.maximum is not None:
            tests.append(wide > _clamped(math.floor(Fraction(rule.maximum) * factor)))
    broken = pl.any_horizontal(pl.lit(False), *tests).fill_null(False)
    return column.to_frame().select(broken.alias(column.name)).to_series()


def _float_from(bound: Decimal, towards: float) -> float:
    """The float nearest to a bound on the side of ``towards``: comparing with it is comparing exactly."""
    near = float(bound)
    short = Decimal(near) < bound if towards > 0 else Decimal(near) > bound
    return math.nextafter(near, towards) if short else near


def _clamped(number: int) -> pl.Expr:
    return pl.lit(max(-_INT128, min(_INT128, number)), dtype=pl.Int128)


def _unequal(rule: Equation, name: str, fields: Mapping[str, Field], frame: pl.DataFrame) -> pl.Series:
    names = (name, *rule.names)
    if any(fields[other].kind not in _WIDEST for other in names):
        return _unequal_decimals(rule, name, fields, frame)
    scale = _common_scale(rule, name, fields)
    widest, sum_of = (
        _WIDEST[fields[name].kind] * 10 ** (scale - fields[name].scale),
        pl.lit(0, dtype=pl.Int128),
    )
    for sign, factors in rule.terms:
        constant, left = sign, scale
        product, width = pl.lit(1, dtype=pl.Int128), 1
        for factor in factors:
            if isinstance(factor, str):
                product = product * pl.col(factor).cast(pl.Int128)
                width *= _WIDEST[fields[factor].kind]
                left -= fields[factor].scale
            else:
                constant *= int(factor.scaleb(_decimals(factor), _EXACT))
                left -= _decimals(factor)
        constant *= 10**left
        widest += width * abs(constant)
        if widest > _INT128:
            return _unequal_decimals(rule, name, fields, frame)
        sum_of = sum_of + product * pl.lit(constant, dtype=pl.Int128)
    value = pl.col(name).cast(pl.Int128) * pl.lit(10 ** (scale - fields[name].scale), dtype=pl.Int128)
    tolerance = math.floor(Fraction(rule.tolerance) * 10**scale)
    return frame.select(
        ((value - sum_of).abs() > _clamped(tolerance)).fill_null(False).alias(name)
    ).to_series()


def _unequal_decimals(
    rule: Equation, name: str, fields: Mapping[str, Field], frame: pl.DataFrame
) -> pl.Series:
    """Row by row, for numbers whose products may not fit 128 bits."""
    names = tuple(dict.fromkeys((name, *rule.names)))
    verdicts = []
    for row in zip(*(frame[other].to_list() for other in names), strict=True):
        values = dict(zip(names, row, strict=True))
        if any(value is None for value in row):
            verdicts.append(False)
            continue
        numbers = {other: Decimal(values[other]).scaleb(-fields[other].scale, _EXACT) for other in names}
        difference = numbers[name]
        for sign, factors in rule.terms:
            product = Decimal(sign)
            for factor in factors:
                product = _EXACT.multiply(product, numbers[factor] if isinstance(factor, str) else factor)
            difference = _EXACT.subtract(difference, product)
        verdicts.append(difference.copy_abs() > rule.tolerance)
    return pl.Series(name, verdicts, dtype=pl.Boolean)


def _common_scale(rule: Equation, name: str, fields: Mapping[str, Field]) -> int:
    def scale(factor: str | Decimal) -> int:
        return fields[factor].scale if isinstance(factor, str) else _decimals(factor)

    return max(fields[name].scale, *(sum(map(scale, factors)) for _, factors in rule.terms))


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
