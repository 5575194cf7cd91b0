"""What measures are made of, so that they can be put together again from several pieces.

A count or a sum adds up as it is; a mean is kept as a sum and a count, a share as two counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.semantic.model import Choice, Dimension, Kept, Measure, Model
from analytics.semantic.sources import quoted
from analytics.semantic.statement import MeasureStatement

DECIMALS = 4
"""Of averages, ratios and percentages; half away from zero."""


def quotient(total: str, count: str) -> str:
    """A quotient in decimals; unknown where there is nothing to divide by."""
    wide = f"toDecimal256({total}, {2 * DECIMALS})"
    return f"toDecimal128(round({wide} / nullIf({count}, 0), {DECIMALS}), {DECIMALS})"


def parts(measure: Measure) -> tuple[MeasureStatement, ...]:
    """The counts and sums that a measure is made of; none of a ratio, which is made of measures."""
    form, name = measure.form, measure.name
    if form.average:
        known = _both(form.where, f"({form.average}) IS NOT NULL")
        return (
            _part(form, f"{name}_sum", sum=form.average, where=form.where),
            _part(form, f"{name}_rows", count=True, where=known),
        )
    if form.share:
        return (
            _part(form, f"{name}_met", count=True, where=_both(form.where, form.share)),
            _part(form, f"{name}_rows", count=True, where=form.where),
        )
    return () if form.ratio else (form,)


def put_together(measure: Measure) -> str:
    """A measure as SQL over rows that have its parts."""
    sums = [f"sum({quoted(part.name)})" for part in parts(measure)]
    if measure.form.share:
        return quotient(f"(100 * {sums[0]})", sums[1])
    return quotient(*sums) if measure.form.average else sums[0]


def measures_of(model: Model, kept: Kept) -> dict[str, Measure]:
    """The measures that a kept table has, by name; in place of ratios those that they are made of."""
    found: dict[str, Measure] = {}
    for name in kept.measures:
        ratio = model.measure(name).form.ratio
        for one in (ratio.of, ratio.per) if ratio else (name,):
            found[one] = model.measure(one)
    return found


@dataclass(frozen=True, slots=True)
class KeptRows:
    """A kept table as a question reads it."""

    table: str
    by: tuple[Choice, ...]

    def has(self, node: str, dimension: Dimension) -> bool:
        """Whether it is grouped by that."""
        return any((one.node, one.dimension) == (node, dimension) for one in self.by)

    def dimension(self, node: str, dimension: Dimension) -> str:
        """The column of a dimension."""
        (found,) = (one for one in self.by if (one.node, one.dimension) == (node, dimension))
        return quoted(found.label)


def _part(form: MeasureStatement, name: str, **what: object) -> MeasureStatement:
    stated = {"name": name, "description": form.description, "unit": form.unit, **what}
    return MeasureStatement.model_validate(stated)


def _both(one: str | None, other: str | None) -> str | None:
    return f"({one}) AND ({other})" if one and other else one or other
