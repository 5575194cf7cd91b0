"""A question: measures by dimensions, of the rows that meet a condition, as of a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from analytics.semantic.condition import Condition, comparisons, parse
from analytics.semantic.model import LISTER, Choice, Measure, Model
from mesh.kernel.errors import MeasureError, did_you_mean

FIRST, LAST = date(1970, 1, 1), date(2261, 12, 31)
"""Days that a moment of the warehouse can lie on."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, with every name resolved."""

    measures: tuple[Measure, ...]
    by: tuple[Choice, ...] = ()
    where: Condition | None = None
    as_of: date | None = None
    """The last day, in the business time zone, of which anything is known; None: the clock's."""


def ask(
    model: Model, names: Iterable[str], by: Iterable[str] = (), where: str = "", as_of: str = ""
) -> Question:
    """The question in words; dimensions among the names group it as those in ``by`` do.

    Raises :class:`MeasureError` for a name that the model has not, with the nearest ones, and for a condition
    or a day that cannot be read.
    """
    measures: dict[str, Measure] = {}
    choices: dict[str, Choice] = {}
    for name in by:
        choice = model.dimension(name)
        choices[choice.label] = choice
    for name in names:
        if name in model.measures:
            measures[name] = model.measures[name]
            continue
        if name.rpartition(".")[2] not in {one.rpartition(".")[2] for one in model.names()}:
            raise MeasureError(
                "measure-unknown",
                "is neither a measure nor a dimension",
                place=name,
                remedy=did_you_mean(name, [*model.measures, *model.names()], LISTER),
            )
        choice = model.dimension(name)
        choices[choice.label] = choice
    if not measures:
        raise MeasureError(
            "measure-missing",
            "no measure is asked for",
            place=", ".join(choices),
            remedy=f"name one, such as total_revenue; `{LISTER}` lists them",
        )
    condition = parse(where) if where else None
    for comparison in comparisons(condition) if condition else ():
        model.dimension(comparison.name)
    return Question(tuple(measures.values()), tuple(choices.values()), condition, _day(as_of))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST <= day <= LAST:
        raise MeasureError(
            "as-of-wrong",
            f"is not a day from {FIRST} to {LAST}",
            place=f"--as-of {text}",
            remedy="write it like 2014-06-30",
        )
    return day
