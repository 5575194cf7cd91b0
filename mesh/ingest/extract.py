"""One event's SELECTs, bound to their data and run: batches of wire forms in order of event time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from mesh.ingest.binding import STAMPED, Fault, bind
from mesh.ingest.coerce import literal, quoted
from mesh.ingest.fields import list_fields, plain_fields
from mesh.ingest.mapping import EventSelect, Mapping, Select
from mesh.ingest.rules import PARENT
from mesh.ingest.source import AT, AT_TYPE, refusals
from mesh.kernel.errors import MappingError, did_you_mean
from mesh.kernel.event import Record
from mesh.kernel.settings import Settings
from mesh.publish.envelope import event_id_template

TIME = "_time"
"""The moment by which an event leaves, microseconds since 1970-01-01 UTC."""
POSITION = "_n"
"""The event's place in that order, from 0."""
ROW, FILE = "_row", "_file"
"""Where the row stands."""
CELL, FAULT = "_cell", "_fault"
"""The fault of a CSV cell, and the number of the row's first other fault; null when there is none."""
_LAST = (1 << 63) - 1
"""Where rows without a moment stand."""
KEY = "_key"
"""The record's key."""
ORPHAN = -1
"""The parent of a list's element whose event does not exist."""


@dataclass(frozen=True)
class Batch:
    """Rows of one event, some of them faulty, and the elements of their lists in order."""

    events: pl.DataFrame
    lists: MappingType[str, pl.DataFrame]


class Extract:
    """The SELECTs of one event, checked and run.

    Raises :class:`MappingError` when a column is no field of the event, a field has no column, a type can
    never fit, or DuckDB refuses the SQL.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        mapping: Mapping,
        event: EventSelect,
        settings: Settings,
        *,
        shuffle: int | None = None,
        limit: int | None = None,
    ) -> None:
        self.event = event
        record, port = event.port.record, event.port
        joins = {entry.by for entry in event.lists.values()}
        stamps = {KEY: port.key, STAMPED: event_id_template(port)}
        self._rows = Rows(connection, mapping, settings, record, event.select, event.name, joins, stamps)
        self._lists = {
            name: Rows(connection, mapping, settings, inner, event.lists[name].select, f"{event.name}.{name}",
                       {event.lists[name].by}, {})
            for name, inner in list_fields(record).items()
        }  # fmt: skip
        self._rows.arrange(shuffle, limit)
        for name, rows in self._lists.items():
            rows.attach(self._rows, event.lists[name].by)

    @property
    def count(self) -> int:
        """How many events there are, faulty ones included."""
        return self._rows.count

    def faults(self, name: str = "") -> tuple[Fault, ...]:
        """The faults that ``_fault`` numbers, of the event or of one of its lists."""
        return (self._lists[name] if name else self._rows).faults

    def batches(self, size: int) -> Iterator[Batch]:
        """The events in order, ``size`` at a time."""
        for start in range(0, self.count, size):
            lists = {
                name: rows.between(PARENT, start, start + size).with_columns(pl.col(PARENT) - start)
                for name, rows in self._lists.items()
            }
            yield Batch(self._rows.between(POSITION, start, start + size), lists)

    def orphans(self) -> dict[str, pl.DataFrame]:
        """The elements of each list whose event does not exist."""
        return {name: rows.between(PARENT, ORPHAN, 0) for name, rows in self._lists.items()}

    def raw(self, positions: Sequence[int]) -> list[bytes]:
        """Events by ascending position as the SELECTs gave them, as JSON without personal fields."""
        among = ", ".join(map(str, positions))
        found = dict(self._rows.raw(POSITION, among))
        for name, rows in self._lists.items():
            for fields in found.values():
                fields[name] = []
            for position, element in rows.raw(PARENT, among):
                found[position][name].append(element)
        return [json.dumps(found[position], ensure_ascii=False).encode() for position in positions]

    def raw_orphans(self, name: str) -> list[bytes]:
        """The elements of :meth:`orphans` of a list, as :meth:`raw` gives events."""
        elements = self._lists[name].raw(PARENT, str(ORPHAN))
        return [json.dumps(element, ensure_ascii=False).encode() for _, element in elements]


class Rows:
    """The rows of one SELECT as a table of DuckDB, and the SQL that turns them into wire forms."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        mapping: Mapping,
        settings: Settings,
        record: type[Record],
        select: Select,
        name: str,
        joins: set[str],
        stamps: MappingType[str, str],
    ) -> None:
        self._connection = connection
        self._record = record
        self._name = name
        self._place = select.place
        self._table = quoted(name)
        with refusals(select.place):
            described = connection.sql(select.sql)
            self._types = dict(zip(described.columns, map(str, described.types), strict=True))
        for column in sorted(joins - self._types.keys()):
            raise MappingError(
                "column-missing", f"the SELECT of {name} has no column {column!r}", place=select.place,
                remedy=did_you_mean(column, self._types),
            )  # fmt: skip
        self._binding = bind(record, self._types, mapping, settings, place=select.place, extra=joins)
        self.faults = tuple(fault for fault, _ in self._binding.faults())
        self._fault = _first(test for _, test in self._binding.faults())
        self._amounts = [
            pl.col(field.name).to_physical().cast(pl.Int64)
            for field in plain_fields(record)
            if field.kind == "decimal"
        ]
        self._stamps = {column: _filling(record, template) for column, template in stamps.items()}
        self._shown = f"{mapping.path.name}, {name}"
        self._keys = (POSITION, TIME) if stamps else (PARENT,)
        with refusals(select.place):
            connection.execute(f"CREATE TABLE {self._table} AS {select.sql}")
        self.count = 0

    def arrange(self, shuffle: int | None, limit: int | None) -> None:
        """Number the rows by event time and, within it, by their order in the SELECT; a shuffle by chance."""
        versioned = "valid_from" in self._record.model_fields
        order = self._binding.value("valid_from" if versioned else "occurred_at")
        if shuffle is not None:
            order = f"(hash(rowid, {shuffle}) >> 1)::BIGINT"
        if shuffle is None and limit is None and self._is_in(order):
            arranged = f"SELECT rowid AS {POSITION}, coalesce({order}, 0) AS {TIME}, rowid AS {ROW}, *"
            self._replace(f"{arranged} FROM {self._table}", "VIEW")
            return
        place = f"row_number() OVER (ORDER BY {order} NULLS LAST, rowid) - 1"
        self._replace(
            f"SELECT {place} AS {POSITION}, coalesce({order}, 0) AS {TIME}, rowid AS {ROW}, *"
            f" FROM {self._table} ORDER BY {POSITION}" + ("" if limit is None else f" LIMIT {limit}")
        )

    def _is_in(self, order: str) -> bool:
        """Whether the SELECT gave its rows in this order, so that they need not be copied into it."""
        later = f"SELECT coalesce({order}, {_LAST}) AS moment FROM {self._table}"
        back = f"SELECT moment < lag(moment, 1, moment) OVER () AS is_back FROM ({later})"
        return self._count(f"FROM ({back}) WHERE is_back") == 0

    def attach(self, events: Rows, by: str) -> None:
        """Give each row the position of the event that it belongs to."""
        with refusals(self._place):
            self._replace(
                f"SELECT coalesce(e.{POSITION}, {ORPHAN}) AS {PARENT}, l.rowid AS {ROW}, l.*"
                f" FROM {self._table} l LEFT JOIN {events._table} e ON e.{quoted(by)} = l.{quoted(by)}"
                f" ORDER BY {PARENT}, l.rowid"
            )

    def between(self, column: str, start: int, end: int) -> pl.DataFrame:
        """The rows whose ``column`` is at least ``start`` and below ``end``, as wire forms in their order."""
        at = AT if self._types.get(AT, "").startswith("STRUCT") else "NULL"
        where = f"CAST({at} AS {AT_TYPE})"
        forms = [
            *self._keys,
            f"coalesce({where}.row, {ROW} + 1) AS {ROW}",
            f"coalesce({where}.file, {literal(self._shown)}) AS {FILE}",
            f"{where}.fault AS {CELL}",
            *self._binding.columns(),
        ]
        stamped = "".join(f", {sql} AS {quoted(name)}" for name, sql in self._stamps.items())
        star = f"* EXCLUDE ({quoted(STAMPED)})" if STAMPED in self._stamps else "*"
        with refusals(self._place):
            table = self._connection.sql(
                f"SELECT {star}{stamped} FROM (SELECT {', '.join(forms)} FROM {self._table}"
                f" WHERE {column} >= {start} AND {column} < {end})"
            ).to_arrow_table()
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        return frame.with_columns(*self._amounts, self._fault)

    def raw(self, column: str, among: str) -> list[tuple[int, dict[str, Any]]]:
        """Rows by ``column`` as the SELECT gave them, without what belongs to a person."""
        personal = {field.name for field in plain_fields(self._record) if field.personal}
        shown = [name for name in self._types if name not in personal and name != AT]
        pairs = ", ".join(f"{literal(name)}: {quoted(name)}" for name in shown)
        found = self._connection.sql(
            f"SELECT {column}, to_json({{{pairs}}}) FROM {self._table} WHERE {column} IN ({among})"
        ).fetchall()
        return [(int(key), json.loads(text)) for key, text in found]

    def _replace(self, select: str, kind: str = "TABLE") -> None:
        """Go on with this SELECT of the table; a view reads the table each time."""
        arranged = quoted(f"{self._name}, in order")
        self._connection.execute(f"CREATE {kind} {arranged} AS {select}")
        self.count = self._count(f"FROM {self._table}" if kind == "VIEW" else f"FROM {arranged}")
        if kind == "TABLE":
            self._connection.execute(f"DROP TABLE {self._table}")
        self._table = arranged

    def _count(self, rows: str) -> int:
        return int(self._connection.sql(f"SELECT count(*) {rows}").fetchall()[0][0])


def _first(tests: Iterable[pl.Expr]) -> pl.Expr:
    """The number of the first test that holds, null where none does."""
    return pl.coalesce(
        pl.lit(None, pl.Int16),
        *(pl.when(test).then(pl.lit(number, pl.Int16)) for number, test in enumerate(tests)),
    ).alias(FAULT)


def _filling(record: type[Record], template: str) -> str:
    """A template over wire forms as SQL, moments in whole seconds; an event id of the SELECT's own holds."""
    kinds = {field.name: field.kind for field in plain_fields(record)}
    parts = []
    for text, name in re.findall(r"([^{}]+)|\{(\w+)\}", template):
        if text:
            parts.append(literal(text))
        else:
            parts.append(f"{quoted(name)} // 1000000" if kinds[name] == "moment" else quoted(name))
    filled = f"concat({', '.join(parts)})"
    return f"coalesce({quoted(STAMPED)}, {filled})" if template.startswith("{source}/") else filled
