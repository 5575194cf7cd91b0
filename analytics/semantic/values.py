"""Why nothing was found: a value that a question names and no row has, and what there is in its place."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from analytics.semantic.condition import Value, comparisons
from analytics.semantic.frame import Frame
from analytics.semantic.model import Choice, Model
from analytics.semantic.parameters import Parameters
from analytics.semantic.query import end_of
from analytics.semantic.question import Question
from analytics.semantic.sources import CLOCK, Moment
from mesh.kernel.literal import text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

SHOWN = 3
"""Values that are named."""
MOST = 1000
"""Values that a dimension may have for its nearest ones to be told; ids have more."""


def without(client: Client, model: Model, question: Question, timezone: str) -> str:
    """One line on the first value of ``=`` or ``in`` that no row has; empty where each is there."""
    for comparison in comparisons(question.where) if question.where else ():
        if comparison.sign not in ("=", "in") or comparison.negated:
            continue
        choice = model.dimension(comparison.name)
        for value in comparison.values if choice.dimension.kind != "flag" else ():
            there = _there(client, model, choice, value, question, timezone)
            if there is not None:
                told = _told(nearest(value, there), is_text=isinstance(value, str))
                return f"{comparison.name} is never {_quoted(value)}{told}"
    return ""


def nearest(value: Value, there: Iterable[str]) -> list[str]:
    """Values by how near they are: what has the value for its initials or as a part, then the most alike."""
    wanted = str(value).casefold()

    def distance(one: str) -> tuple[bool, float, str]:
        known = one.casefold()
        initials = "".join(word[0] for word in known.split())
        has = wanted in (known, initials) or known.startswith(wanted)
        if isinstance(value, int | Decimal):
            return not has, float(abs(Decimal(one) - value)), one
        return not has, -SequenceMatcher(None, wanted, known).ratio(), one

    return sorted(there, key=distance)


def _there(
    client: Client, model: Model, choice: Choice, value: Value, question: Question, timezone: str
) -> list[str] | None:
    """The values of a dimension, of rows of its own entity; none beyond :data:`MOST`, None if one is it."""
    parameters, zone = Parameters(), text(timezone)
    if question.as_of is None:
        moment = Moment(f"(SELECT clock FROM {CLOCK})", stated=False, timezone=zone)
    else:
        last = parameters.moment("as_of", end_of(question.as_of, timezone))
        moment = Moment(last, stated=True, timezone=zone)
    frame = Frame(model, choice.dimension.entity, moment)
    column = frame.dimension(choice.dimension.entity, choice.dimension)
    wanted = parameters.value(choice.dimension, value)
    rows = f"SELECT {column} AS value FROM {frame.source()}"
    sql = (
        f"SELECT toString(value), value = {wanted} FROM ({rows}) WHERE value IS NOT NULL "
        f"GROUP BY value ORDER BY 2 DESC LIMIT {MOST + 1} SETTINGS join_use_nulls = 1"
    )
    found = client.query(sql, parameters=parameters.values, settings={"readonly": 2}).result_rows
    if found and found[0][1]:
        return None
    return [str(one) for one, _ in found] if len(found) <= MOST else []


def _told(there: list[str], *, is_text: bool) -> str:
    if not there:
        return ""
    named = [_quoted(one) if is_text else one for one in there[:SHOWN]]
    if len(there) > SHOWN:
        named.append(f"one of {len(there) - SHOWN} more")
    *first, last = named
    return f"; it is {', '.join(first)} or {last}" if first else f"; it is {last}"


def _quoted(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
