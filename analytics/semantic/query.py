"""Compiles a question to ClickHouse's SQL.

Each measure is taken over the rows of its own entity, whatever else is asked: rows of one measure never
multiply those of another. Where a dimension lies on the many side, a sum that is split goes over the parts of
its whole, and any other measure counts a row once in each group in which it occurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analytics.semantic.condition import Comparison, Condition, comparisons
from analytics.semantic.frame import Frame
from analytics.semantic.model import Measure, Model
from analytics.semantic.parameters import Parameters
from analytics.semantic.parts import KeptRows, measures_of, put_together, quotient
from analytics.semantic.question import Question
from analytics.semantic.sources import CLOCK, Moment, Stretch, indented, quoted
from mesh.kernel.literal import text

PIECE = "piece"
"""The column with the number of the piece that rows belong to, where a stretch of pieces is worked out."""


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

    @property
    def repeats(self) -> bool:
        """Whether a row may count in several groups."""
        return self.frame.multiplies

    def given(self, text: str) -> str:
        """The name under which an expression over the rows is handed to an aggregate."""
        return quoted(self.inputs.setdefault(self.frame.expression(text), f"input {len(self.inputs) + 1}"))

    def rows(self, measures: Sequence[str]) -> str:
        """The answer: columns ``group 1``, …, then the measures, NULL where they are others'."""
        places = _places(self.dimensions)
        selected = [f"{sql} AS {place}" for sql, place in zip(self.dimensions, places, strict=True)]
        selected += [f"{sql} AS {quoted(name)}" for sql, name in self.inputs.items()]
        distinct = ""
        if self.frame.multiplies:
            distinct = "DISTINCT "
            keys = map(self.frame.column, self.frame.entity.key)
            selected += [f"{sql} AS {quoted(f'key {number + 1}')}" for number, sql in enumerate(keys)]
        inner = f"SELECT {distinct}{', '.join(selected) or '1'}\nFROM {self.frame.source()}"
        if self.condition:
            inner += f"\nWHERE {self.condition}"
        return _aggregated(places, self.aggregates, measures, f"(\n{indented(inner)}\n)")


@dataclass
class _KeptGroup:
    """Measures that are put together from the rows of a kept table."""

    kept: KeptRows
    dimensions: list[str]
    condition: str
    aggregates: dict[str, str] = field(default_factory=dict)
    repeats: bool = False

    def rows(self, measures: Sequence[str]) -> str:
        """The answer, as that of a group of rows."""
        places = _places(self.dimensions)
        named = [f"{sql} AS {place}" for sql, place in zip(self.dimensions, places, strict=True)]
        inner = f"SELECT {', '.join([*named, '*'])}\nFROM {self.kept.table}"
        if self.condition:
            inner += f"\nWHERE {self.condition}"
        return _aggregated(places, self.aggregates, measures, f"(\n{indented(inner)}\n)")


def _places(dimensions: Sequence[str]) -> list[str]:
    """The columns of groups, whatever the dimensions are called."""
    return [quoted(f"group {number + 1}") for number in range(len(dimensions))]


def _aggregated(
    places: Sequence[str], aggregates: Mapping[str, str], measures: Sequence[str], source: str
) -> str:
    selected = [*places, *(f"{aggregates.get(name, 'NULL')} AS {quoted(name)}" for name in measures)]
    sql = f"SELECT {', '.join(selected)}\nFROM {source}"
    return f"{sql}\nGROUP BY {', '.join(places)}" if places else sql


def compile_question(
    model: Model,
    question: Question,
    timezone: str,
    *,
    stretch: Stretch | None = None,
    tables: Mapping[str, str] | None = None,
) -> Query:
    """The SQL that answers a question; raises :class:`MeasureError` where no single path leads on.

    ``stretch`` is the part of all rows that it is about; the number of the piece, :data:`PIECE`, is then
    the first column. ``tables`` are those of kept measures, by their names; they stand in for the rows of
    facts wherever they have all that is asked for.
    """
    return _Compilation(model, question, timezone, stretch, tables or {}).query()


def end_of(day: date, timezone: str) -> datetime:
    """The last microsecond of a day in a time zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)) - timedelta(microseconds=1)


class _Compilation:
    """One question on its way to SQL."""

    def __init__(
        self,
        model: Model,
        question: Question,
        timezone: str,
        stretch: Stretch | None,
        tables: Mapping[str, str],
    ) -> None:
        self._model = model
        self._question = question
        self._parameters = Parameters()
        zone = text(timezone)
        if question.as_of is None:
            self._moment = Moment(f"(SELECT clock FROM {CLOCK})", False, zone, stretch)
        else:
            last = self._parameters.moment("as_of", end_of(question.as_of, timezone))
            self._moment = Moment(last, True, zone, stretch)
        self._stretch = stretch
        self._labels = [PIECE] if stretch else []
        self._labels += [choice.label for choice in question.by]
        self._groups: dict[str, _Group] = {}
        self._from_kept: dict[str, _KeptGroup] = {}
        self._tables = tables if question.as_of is None else {}

    def query(self) -> Query:
        """The whole statement."""
        measures, labels = self._question.measures, self._labels
        for measure in self._taken():
            self._take(measure)
        groups: list[_Group | _KeptGroup] = list(self._from_kept.values())
        groups += [group for group in self._groups.values() if group.aggregates]
        names = [quoted(label) for label in labels]
        body = self._united(groups)
        places = _places(names)
        finals = [f"{place} AS {name}" for place, name in zip(places, names, strict=True)]
        finals += [f"{self._final(measure)} AS {quoted(measure.name)}" for measure in measures]
        sql = f"SELECT {', '.join(finals)}\nFROM (\n{indented(body)}\n)"
        if names:
            sql += f"\nORDER BY {', '.join(names)}"
        repeated = [name for group in groups if group.repeats for name in group.aggregates]
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
        """Put a measure to the rows that it is taken over: kept ones, the entity's, or parts of its whole."""
        if kept := self._kept(measure):
            kept.aggregates[measure.name] = put_together(measure)
            return
        form, group = measure.form, self._group(measure.entity)
        value, where = form.sum, form.where
        if group.frame.multiplies and form.split:
            group, value = self._group(form.split.entity), form.split.sum
        group.aggregates[measure.name] = _aggregate(group, measure, value, where)

    def _kept(self, measure: Measure) -> _KeptGroup | None:
        """The rows of a kept table that has the measure and all dimensions of the question."""
        where = self._question.where
        named = [self._model.dimension(one.name) for one in comparisons(where)] if where else []
        for kept in self._model.kept:
            if kept.name not in self._tables or measure.name not in measures_of(self._model, kept):
                continue
            rows = KeptRows(self._tables[kept.name], tuple(map(self._model.dimension, kept.by)))
            if all(rows.has(one.node, one.dimension) for one in (*self._question.by, *named)):
                if kept.name not in self._from_kept:
                    dimensions = [rows.dimension(one.node, one.dimension) for one in self._question.by]
                    condition = self._condition(where, rows) if where else ""
                    self._from_kept[kept.name] = _KeptGroup(rows, dimensions, condition)
                return self._from_kept[kept.name]
        return None

    def _group(self, entity: str) -> _Group:
        if entity not in self._groups:
            frame = Frame(self._model, entity, self._moment)
            dimensions = []
            if self._stretch:
                dimensions.append(self._stretch.piece(frame.column(self._stretch.columns[entity])))
            dimensions += [frame.dimension(one.node, one.dimension) for one in self._question.by]
            where = self._question.where
            condition = self._condition(where, frame) if where else ""
            self._groups[entity] = _Group(frame, dimensions, condition)
        return self._groups[entity]

    def _united(self, groups: Sequence[_Group | _KeptGroup]) -> str:
        """The answers of several groups, those to the same dimensions in one row."""
        measures = [name for group in groups for name in group.aggregates]
        if len(groups) == 1:
            return groups[0].rows(measures)
        places = _places(self._labels)
        united = "\nUNION ALL\n".join(group.rows(measures) for group in groups)
        selected = [*places, *(f"any({quoted(name)}) AS {quoted(name)}" for name in measures)]
        sql = f"SELECT {', '.join(selected)}\nFROM (\n{indented(united)}\n)"
        return f"{sql}\nGROUP BY {', '.join(places)}" if places else sql

    def _final(self, measure: Measure) -> str:
        """A measure from what was aggregated: a count or sum of no rows is 0, all else of none is unknown."""
        form = measure.form
        if form.ratio:
            return quotient(quoted(form.ratio.of), quoted(form.ratio.per))
        return f"ifNull({quoted(measure.name)}, 0)" if form.count or form.sum else quoted(measure.name)

    def _condition(self, condition: Condition, frame: Frame | KeptRows) -> str:
        if isinstance(condition, Comparison):
            return self._comparison(condition, frame)
        parts = [self._condition(part, frame) for part in condition.parts]
        if condition.word == "not":
            return f"NOT ({parts[0]})"
        return "(" + f" {condition.word.upper()} ".join(parts) + ")"

    def _comparison(self, comparison: Comparison, frame: Frame | KeptRows) -> str:
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
        return quotient(f"(100 * countIf({met} AND {only}))" if only else f"(100 * countIf({met}))", rows)
    column = group.given(value or str(form.average))
    given = f"If({column}, {only})" if only else f"({column})"
    return quotient(f"sum{given}", f"count{given}") if form.average else f"sum{given}"
