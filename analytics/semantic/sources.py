"""The rows of an entity: its view, cut at the moment, one row a key, with what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analytics.semantic.model import Column, Dimension, Entity, Model
from analytics.semantic.scope import Elsewhere, meaning
from analytics.semantic.template import Reference, parse, references
from mesh.kernel.mask import under_mask

_ROW = "row"
"""What the view is called within its subquery, so that no column is taken for an expression of its name."""
CLOCK = "model.clock"
"""The view with the clock of the mesh, and the first moment of any fact."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one entity's keys, a piece or several that follow each other."""

    columns: Mapping[str, str]
    """The column that holds the key, by entity."""
    low: str
    """SQL of the first key."""
    high: str
    """SQL of the first key beyond; empty where there is no end."""
    first: str
    """SQL of the number of the first piece."""
    inner: str
    """SQL of the first keys of the pieces that follow, as an array."""

    def holds(self, column: str) -> str:
        """The condition of keys within."""
        return f"{column} >= {self.low}" + (f" AND {column} < {self.high}" if self.high else "")

    def piece(self, column: str) -> str:
        """The number of the piece that a key within belongs to."""
        return f"toUInt32({self.first} + arrayCount(begin -> begin <= {column}, {self.inner}))"


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment that a question is about, as SQL: its own, or the clock; and which part of all rows."""

    sql: str
    stated: bool
    timezone: str
    """The business time zone as a quoted text."""
    stretch: Stretch | None = None
    """Rows that are read, where not all are."""

    def given(self, name: str) -> str:
        """One of the names that the question gives."""
        return {"as_of": self.sql, "timezone": self.timezone}[name]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An expression over an entity's own columns."""

    text: str
    inside: str = ""
    """The dimension that it belongs to."""
    clear: bool = False
    """Whether personal texts are read in clear."""


def quoted(name: str) -> str:
    """A name as ClickHouse takes it, whatever is in it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def indented(sql: str) -> str:
    """A statement as it stands within another one."""
    return "\n".join(f"  {line}" for line in sql.splitlines())


def is_local(model: Model, entity: Entity, wanted: Wanted) -> bool:
    """Whether an expression needs nothing but the entity's own columns."""
    return not any(isinstance(found, Elsewhere) for found, _ in _leaves(model, entity, wanted))


def rows(model: Model, entity: Entity, wanted: Mapping[str, Wanted], moment: Moment) -> str:
    """The rows of an entity of its own view, with some expressions by the names that they get.

    A key has one row. What became known after the moment is left out. Where none is stated, those are the
    versions and counts of later than the clock: no order knows them yet. Other facts count as they land.
    """
    in_clear = any(
        isinstance(found, Column) and found.mask and clear
        for one in wanted.values()
        for found, clear in _leaves(model, entity, one)
    )
    view = f"{entity.view}_clear" if in_clear else entity.view
    selected = []
    for name, one in sorted(wanted.items()):
        sql = _local(model, entity, one, moment, in_clear)
        selected.append(f"{sql} AS {quoted(name)}")
    conditions = [_local(model, entity, Wanted(entity.where), moment, in_clear)] if entity.where else []
    if entity.time and (moment.stated or (entity.newest_by and not entity.is_fact)):
        conditions.append(f"{_column(entity.time)} <= {moment.sql}")
    if moment.stretch and entity.name in moment.stretch.columns:
        conditions.append(moment.stretch.holds(_column(moment.stretch.columns[entity.name])))
    parts = [f"SELECT {', '.join(selected)}", f"FROM {view} AS {_ROW}"]
    if conditions:
        parts.append(f"WHERE {' AND '.join(conditions)}")
    if entity.newest_by:
        order = ", ".join(f"{_column(name)} DESC" for name in entity.newest_by)
        parts.append(f"ORDER BY {order} LIMIT 1 BY {', '.join(map(_column, entity.key))}")
    return " ".join(parts)


def _column(name: str) -> str:
    return ".".join((_ROW, *map(quoted, name.split("."))))


def _leaves(model: Model, entity: Entity, wanted: Wanted) -> Iterator[tuple[object, bool]]:
    """The columns and other entities' dimensions that an expression comes down to, and whether in clear."""
    for name in references(wanted.text):
        found = meaning(model, entity, name, wanted.inside)
        if isinstance(found, Dimension):
            yield from _leaves(model, entity, made_of(found, wanted))
        else:
            yield found, wanted.clear


def made_of(dimension: Dimension, within: Wanted) -> Wanted:
    """What stands for a dimension within an expression."""
    return Wanted(dimension.expression, dimension.name, within.clear or dimension.clear)


def _local(model: Model, entity: Entity, wanted: Wanted, moment: Moment, in_clear: bool) -> str:
    """An expression as SQL over the columns of the view, which may be the clear one."""
    parts = parse(wanted.text)
    sql = []
    for part in parts:
        if not isinstance(part, Reference):
            sql.append(part)
            continue
        found = meaning(model, entity, part.name, wanted.inside)
        if isinstance(found, Dimension):
            sql.append(_local(model, entity, made_of(found, wanted), moment, in_clear))
        elif isinstance(found, Column):
            plain = _column(found.name)
            hidden = found.mask and in_clear and not wanted.clear
            sql.append(under_mask(found.mask, plain) if found.mask and hidden else plain)
        else:
            sql.append(moment.given(part.name))
    return "".join(sql) if len(parts) == 1 else f"({''.join(sql)})"
