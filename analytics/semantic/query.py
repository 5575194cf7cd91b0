"""Compiles a question to ClickHouse's SQL.

Each measure is taken over the rows of its own entity, whatever else is asked: rows of one measure never
multiply those of another. Where a dimension lies on the many side, a sum that is split goes over the parts of
its whole, and any other measure counts a row once in each group in which it occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analytics.semantic.condition import Comparison, Condition
from analytics.semantic.frame import Frame
from analytics.semantic.model import Measure, Model
from analytics.semantic.parameters import Parameters
from analytics.semantic.question import Question
from analytics.semantic.sources import CLOCK, Moment, indented, quoted, timezone_text

DECIMALS = 4
"""Of averages, ratios and percentages; half away from zero."""


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with its parameters."""

    sql: str
    parameters: dict[str, object]
    columns: tuple[str, ...]
    repeats: tuple[str, ...]
    """Measures whose rows count in several groups, so that the groups add up to more than the whole."""


@dataclass
class _Group:
    """Measures that are taken over the same rows."""

    frame: Frame
    dimensions: list[str]
    condition: str
    inputs: dict[str, str] = field(default_factory=dict)
    """Name by SQL of what is aggregated."""
    aggregates: dict[str, str] = field(default_factory=dict)
    """SQL by measure."""

    def given(self, text: str) -> str:
        """The name under which an expression over the rows is handed to an aggregate."""
        return quoted(self.inputs.setdefault(self.frame.expression(text), f"input {len(self.inputs) + 1}"))


def compile_question(model: Model, question: Question, timezone: str) -> Query:
    """The SQL that answers a question; raises :class:`MeasureError` where no single path leads on."""
    return _Compilation(model, question, timezone).query()


def end_of(day: date, timezone: str) -> datetime:
    """The last microsecond of a day in a time zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)) - timedelta(microseconds=1)


class _Compilation:
    """One question on its way to SQL."""

    def __init__(self, model: Model, question: Question, timezone: str) -> None:
        self._model = model
        self._question = question
        self._parameters = Parameters()
        zone = timezone_text(timezone)
        if question.as_of is None:
            self._moment = Moment(f"(SELECT clock FROM {CLOCK})", stated=False, timezone=zone)
        else:
            last = self._parameters.moment("as_of", end_of(question.as_of, timezone))
            self._moment = Moment(last, stated=True, timezone=zone)
        self._groups: dict[str, _Group] = {}

    def query(self) -> Query:
        """The whole statement."""
        measures, labels = self._question.measures, [choice.label for choice in self._question.by]
        for measure in self._taken():
            self._take(measure)
        groups = [group for group in self._groups.values() if group.aggregates]
        names = [quoted(label) for label in labels]
        body = self._united(groups)
        places = [quoted(f"group {number + 1}") for number in range(len(names))]
        finals = [f"{place} AS {name}" for place, name in zip(places, names, strict=True)]
        finals += [f"{self._final(measure)} AS {quoted(measure.name)}" for measure in measures]
        sql = f"SELECT {', '.join(finals)}\nFROM (\n{indented(body)}\n)"
        if names:
            sql += f"\nORDER BY {', '.join(names)}"
        repeated = [name for group in groups if group.frame.multiplies for name in group.aggregates]
        return Query(
            sql=f"{sql}\nSETTINGS join_use_nulls = 1",
            parameters=self._parameters.values,
            columns=(*labels, *(measure.name for measure in measures)),
            repeats=tuple(repeated),
        )

    def _taken(self) -> list[Measure]:
        """What must be taken from rows: the measures, and those that ratios are made of."""
        found: dict[str, Measure] = {}
        for measure in self._question.measures:
            ratio = measure.form.ratio
            for name in (ratio.of, ratio.per) if ratio else (measure.name,):
                found[name] = self._model.measure(name)
        return list(found.values())

    def _take(self, measure: Measure) -> None:
        """Put a measure to the rows that it is taken over: the entity's, or the parts of its whole."""
        form, group = measure.form, self._group(measure.entity)
        value, where = form.sum, form.where
        if group.frame.multiplies and form.split:
            group, value = self._group(form.split.entity), form.split.sum
        group.aggregates[measure.name] = _aggregate(group, measure, value, where)

    def _group(self, entity: str) -> _Group:
        if entity not in self._groups:
            frame = Frame(self._model, entity, self._moment)
            dimensions = [frame.dimension(one.node, one.dimension) for one in self._question.by]
            where = self._question.where
            condition = self._condition(where, frame) if where else ""
            self._groups[entity] = _Group(frame, dimensions, condition)
        return self._groups[entity]

    def _rows(self, group: _Group, measures: Sequence[str]) -> str:
        """One group's answer: columns ``group 1``, …, then the measures, NULL where they are others'."""
        places = [quoted(f"group {number + 1}") for number in range(len(group.dimensions))]
        selected = [f"{sql} AS {place}" for sql, place in zip(group.dimensions, places, strict=True)]
        selected += [f"{sql} AS {quoted(name)}" for sql, name in group.inputs.items()]
        distinct = ""
        if group.frame.multiplies:
            distinct = "DISTINCT "
            keys = map(group.frame.column, group.frame.entity.key)
            selected += [f"{sql} AS {quoted(f'key {number + 1}')}" for number, sql in enumerate(keys)]
        inner = f"SELECT {distinct}{', '.join(selected) or '1'}\nFROM {group.frame.source()}"
        if group.condition:
            inner += f"\nWHERE {group.condition}"
        aggregates = [f"{group.aggregates.get(name, 'NULL')} AS {quoted(name)}" for name in measures]
        sql = f"SELECT {', '.join([*places, *aggregates])}\nFROM (\n{indented(inner)}\n)"
        return f"{sql}\nGROUP BY {', '.join(places)}" if places else sql

    def _united(self, groups: Sequence[_Group]) -> str:
        """The answers of several groups, those to the same dimensions in one row."""
        measures = [name for group in groups for name in group.aggregates]
        if len(groups) == 1:
            return self._rows(groups[0], measures)
        places = [quoted(f"group {number + 1}") for number in range(len(self._question.by))]
        united = "\nUNION ALL\n".join(self._rows(group, measures) for group in groups)
        selected = [*places, *(f"any({quoted(name)}) AS {quoted(name)}" for name in measures)]
        sql = f"SELECT {', '.join(selected)}\nFROM (\n{indented(united)}\n)"
        return f"{sql}\nGROUP BY {', '.join(places)}" if places else sql

    def _final(self, measure: Measure) -> str:
        """A measure from what was aggregated: a count or sum of no rows is 0, all else of none is unknown."""
        form = measure.form
        if form.ratio:
            return _divided(quoted(form.ratio.of), quoted(form.ratio.per))
        return f"ifNull({quoted(measure.name)}, 0)" if form.count or form.sum else quoted(measure.name)

    def _condition(self, condition: Condition, frame: Frame) -> str:
        if isinstance(condition, Comparison):
            return self._comparison(condition, frame)
        parts = [self._condition(part, frame) for part in condition.parts]
        if condition.word == "not":
            return f"NOT ({parts[0]})"
        return "(" + f" {condition.word.upper()} ".join(parts) + ")"

    def _comparison(self, comparison: Comparison, frame: Frame) -> str:
        choice = self._model.dimension(comparison.name)
        left = frame.dimension(choice.node, choice.dimension)
        values = [self._parameters.value(choice.dimension, value) for value in comparison.values]
        negation = "NOT " if comparison.negated else ""
        match comparison.sign:
            case "null":
                return f"{left} IS {negation}NULL"
            case "in":
                return f"{left} {negation}IN ({', '.join(values)})"
            case "between":
                return f"{left} {negation}BETWEEN {values[0]} AND {values[1]}"
            case "like":
                return f"{left} {negation}LIKE {values[0]}"
        return f"{left} {comparison.sign} {values[0]}"


def _aggregate(group: _Group, measure: Measure, value: str | None, where: str | None) -> str:
    """A measure over the rows of its group."""
    form = measure.form
    only = group.given(where) if where else ""
    rows = f"countIf({only})" if only else "count()"
    if form.count:
        return rows
    if form.share:
        met = group.given(form.share)
        return _divided(f"(100 * countIf({met} AND {only}))" if only else f"(100 * countIf({met}))", rows)
    column = group.given(value or str(form.average))
    given = f"If({column}, {only})" if only else f"({column})"
    return _divided(f"sum{given}", f"count{given}") if form.average else f"sum{given}"


def _divided(total: str, count: str) -> str:
    """A quotient in decimals; unknown where there is nothing to divide by."""
    wide = f"toDecimal256({total}, {2 * DECIMALS})"
    return f"toDecimal128(round({wide} / nullIf({count}, 0), {DECIMALS}), {DECIMALS})"
