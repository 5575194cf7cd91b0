"""A rule on a record as two ClickHouse conditions: that a row has something to judge, and that it breaks it.

The meaning is that of :mod:`mesh.kernel.quality`, to the last digit:

* numbers are compared as decimals of 256 bits, which hold the product of three amounts; a float with the
  nearest float on the inner side of its bound, which is the same as comparing exactly;
* a pattern matches the whole text, and its ``.`` no end of a line, as Python has it;
* both conditions are 0 or 1, never null.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from mesh.kernel.event import RATE_SCALE
from mesh.kernel.literal import text
from mesh.kernel.quality import Equation, NotNull, Range, Regex, Rule, Values
from mesh.kernel.structure import shapes

if TYPE_CHECKING:
    from mesh.kernel.event import Record

ROW = "row"
"""What a view is called where conditions are used, so that no field is taken for something else."""

_Leaf = Callable[[Callable[[str], str]], str]
"""A condition on one holder, written with a function from a field's name to its column."""


def column(name: str) -> str:
    """A field of the row."""
    return f"{ROW}.`{name}`"


def broken(rule: Rule, record: type[Record]) -> str:
    """That a row breaks a rule."""
    return _somewhere(rule.field, record, lambda field: f"ifNull({_fault(rule, record, field)}, 0)")


def given(rule: Rule, record: type[Record]) -> str:
    """That a row has something to judge: a value, or for :class:`NotNull` a place for one."""
    if isinstance(rule, NotNull):
        return _somewhere(rule.field, record, lambda _: "1")
    if not isinstance(rule, Equation):
        return present(rule.field, record)
    names = (rule.field.rpartition(".")[2], *rule.names)
    return _somewhere(
        rule.field, record, lambda holder: " AND ".join(f"isNotNull({holder(name)})" for name in names)
    )


def lacking(field: str, record: type[Record], known: str) -> str:
    """That a row has a value of a field that is none of ``known``, a statement of one column."""
    name = field.rpartition(".")[2]
    return _somewhere(field, record, lambda holder: f"ifNull({holder(name)} NOT IN ({known}), 0)")


def present(field: str, record: type[Record]) -> str:
    """That a row has a value of a field."""
    name = field.rpartition(".")[2]
    return _somewhere(field, record, lambda holder: f"isNotNull({holder(name)})")


def _somewhere(path: str, record: type[Record], leaf: _Leaf) -> str:
    """That a condition holds in the row or, where lists are on the way, in some element."""
    *lists, _ = path.split(".")
    return _descend(lists, 0, record, column, leaf)


def _descend(
    lists: list[str], depth: int, record: type[Record], field: Callable[[str], str], leaf: _Leaf
) -> str:
    if depth == len(lists):
        return leaf(field)
    if not shapes(record)[".".join(lists[: depth + 1])].repeated:
        raise ValueError(f"{record.__name__}: {lists[depth]!r} is a record, which no table has as a column")
    element = f"e{depth}"
    inner = _descend(lists, depth + 1, record, lambda name: f"tupleElement({element}, {text(name)})", leaf)
    return f"arrayExists({element} -> {inner}, {field(lists[depth])})"


def _fault(rule: Rule, record: type[Record], field: Callable[[str], str]) -> str:
    """That one holder breaks a rule; null where something that it needs is."""
    value = field(rule.field.rpartition(".")[2])
    if isinstance(rule, NotNull):
        return f"isNull({value})"
    if isinstance(rule, Values):
        return f"{value} NOT IN ({', '.join(map(text, rule.values))})"
    if isinstance(rule, Regex):
        return f"NOT match({value}, {text(f'(?-s)^(?:{rule.pattern})$')})"
    if isinstance(rule, Range):
        sides = _outside(rule, value, is_float=shapes(record)[rule.field].python_type is float)
        return f"({' OR '.join(sides)})"
    return _unequal(rule, record, field)


def _outside(rule: Range, value: str, *, is_float: bool) -> list[str]:
    sides = []
    for sign, bound, inwards in (("<", rule.minimum, math.inf), (">", rule.maximum, -math.inf)):
        if bound is not None and is_float:
            sides.append(f"{value} {sign} {_nearest(bound, inwards)!r}")
        elif bound is not None:
            sides.append(f"toDecimal256({value}, {RATE_SCALE}) {sign} {_number(bound)}")
    return sides


def _nearest(bound: Decimal, inwards: float) -> float:
    """The float nearest to a bound that lies within it."""
    near = float(bound)
    outside = Decimal(near) < bound if inwards > 0 else Decimal(near) > bound
    return math.nextafter(near, inwards) if outside else near


def _unequal(rule: Equation, record: type[Record], field: Callable[[str], str]) -> str:
    holder, _, name = rule.field.rpartition(".")

    def exact(name: str) -> str:
        kind = shapes(record)[f"{holder}.{name}" if holder else name].python_type
        return f"toDecimal256({field(name)}, {0 if kind is int else RATE_SCALE})"

    difference = exact(name)
    for sign, factors in rule.terms:
        product = " * ".join(exact(one) if isinstance(one, str) else _number(one) for one in factors)
        difference += f" {'-' if sign > 0 else '+'} {product}"
    return f"abs({difference}) > {_number(rule.tolerance)}"


def _number(value: Decimal) -> str:
    """A number of a contract, exactly."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return f"toDecimal256('{value:f}', {max(0, -exponent)})"
