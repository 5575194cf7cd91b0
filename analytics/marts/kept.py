"""Keeps the rows of a ground, and sums of them: a refresh works out the facts anew that something landed for.

``marts.kept_line_<digest>_<number>``  one row a fact, as it was when it was last worked out
``marts.sums_<ground>_<digest>``       what the rows add up to; parts of one key are merged when it is read

What a fact added before is known by its kept row, so what it adds now, less that, brings the sums up to date,
whatever was corrected, withdrawn or moved. Nobody but a refresh reads these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from analytics.marts.header import Kept, Sums
from analytics.marts.marks import Marks, changed, newer
from analytics.marts.relation import DATABASE, Ground, Library
from analytics.marts.statement import DUE, SCOPE, SETTINGS, SPARING, limited, rows_of
from mesh.kernel.literal import text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

MANY = 400_000
"""Facts that are worked out by themselves, at the most; beyond, all are, which needs less memory."""
STRETCH = 1_000_000
"""Kept rows that are added up at a time."""
SET_UP = (
    f"CREATE TABLE IF NOT EXISTS {DUE} (kind LowCardinality(String), id String) "
    "ENGINE = MergeTree ORDER BY (kind, id)",
)
"""Statements that make the table of the refresh that runs just now; each may run again."""
_FRESH, _OLD, _CHANGE = (f"{DATABASE}.kept_{name}" for name in ("fresh", "old", "change"))
_CELLS = "index_granularity = 2048, allow_nullable_key = 1"


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a kept ground is: up to which marks and day, in which table."""

    number: int
    """Of the refresh, from 1."""
    as_of: date
    table: str
    marks: Marks


@dataclass(frozen=True, slots=True)
class Standing:
    """Queries of what stands in a table."""

    whole: str
    scoped: str
    """Of the customers in scope, so far as an index finds them; of everybody else too where none does."""


class Keeper:
    """Brings kept grounds up to date, as of one day."""

    def __init__(
        self, client: Client, library: Library, tables: Mapping[str, str], days: Mapping[str, str]
    ) -> None:
        """``tables`` by views of the domains; ``days`` has as_of and timezone, parameters of queries."""
        self._client = client
        self._library = library
        self._tables = tables
        self._days = dict(days)

    def name(self, ground: Ground, number: int) -> str:
        """The table of a ground's rows that was made by the refresh of that number."""
        digest = self._library.digest(ground, self._days["timezone"])
        return f"{DATABASE}.{ground.name}_{digest}_{number}"

    def build(self, ground: Ground, number: int) -> tuple[str, int]:
        """Work out all rows and their sums in tables of their own; gives the rows' table, and how many."""
        table = self.name(ground, number)
        columns = self._columns(ground)
        body = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self._renew(
            _FRESH,
            f"({body}, _refresh UInt64, _gone UInt8, INDEX refresh_range _refresh TYPE minmax) "
            f"ENGINE = ReplacingMergeTree(_refresh, _gone) ORDER BY ({', '.join(_kept(ground).key)}) "
            f"SETTINGS {_CELLS} COMMENT '{ground.name} as it is added up; read by refreshes alone'",
        )
        named = ", ".join(columns)
        self._insert(
            f"{_FRESH} ({named}, _refresh)", rows_of(self._library, ground.name, f"{named}, {number}")
        )
        self._client.command(f"DROP TABLE IF EXISTS {table}")
        self._client.command(f"RENAME TABLE {_FRESH} TO {table}")
        for sums in self._library.sums(ground):
            self._add_up(sums, table)
        rows = self._client.query(f"SELECT count() FROM {table}").result_rows[0][0]
        return table, int(rows)

    def update(self, ground: Ground, last: Stand, marks: Marks) -> int | None:
        """Work out the rows of the facts that are due, and bring the sums to them; gives their number.

        None where that cannot be: something landed that tells not which facts it changes, too many are due,
        or the day has gone back.
        """
        kept = _kept(ground)
        landed = changed(last.marks, marks)
        if any(view not in kept.due for view in landed) or self._days["as_of"] < last.as_of.isoformat():
            return None
        due = self._fill(ground, last, landed)
        if due > MANY:
            return None
        sums = self._library.sums(ground)
        halved = self._is_halved(last)
        stale = [one for one in sums if halved or not self.is_there(self.sums_table(one, last.table))]
        if due:
            self._replace(ground, last, [one for one in sums if one not in stale])
        for one in stale:
            self._add_up(one, last.table)
        return due

    def standing(self, sums: Ground, kept_table: str) -> Standing:
        """The sums of a ground, where they stand."""
        header = _sums(sums)
        rows = f"SELECT * FROM {self.sums_table(sums, kept_table)} FINAL"
        is_there = f"WHERE {header.facts} != 0"
        limit = f"PREWHERE {header.by} IN (SELECT account FROM {SCOPE}) " if header.by else ""
        return Standing(f"{rows} {is_there}", f"{rows} {limit}{is_there}")

    def is_there(self, table: str) -> bool:
        """Whether there is a table of that name."""
        return bool(self._client.query(f"EXISTS TABLE {table}").result_rows[0][0])

    def sums_table(self, sums: Ground, kept_table: str) -> str:
        """The table of the sums of some rows; another one, or another definition, has another."""
        digest = self._library.digest(sums, kept_table)
        return f"{DATABASE}.sums_{sums.name}_{digest}"

    def clear(self, ground: Ground, table: str) -> None:
        """Drop the tables of other definitions, and of earlier refreshes of all rows."""
        right = {table, *(self.sums_table(one, table) for one in self._library.sums(ground))}
        names = "|".join(one.name for one in self._library.sums(ground))
        found = self._client.query(
            "SELECT name FROM system.tables "
            "WHERE database = {database:String} AND match(name, {like:String})",
            {
                "database": DATABASE,
                "like": f"^({ground.name}_[0-9a-f]{{12}}_[0-9]+|sums_({names})_[0-9a-f]{{12}})$",
            },
        ).result_rows
        for (name,) in found:
            if f"{DATABASE}.{name}" not in right:
                self._client.command(f"DROP TABLE {DATABASE}.{name}")

    def _fill(self, ground: Ground, last: Stand, landed: list[str]) -> int:
        """Put the facts that are due into :data:`DUE`, with what they name, and count them."""
        kept = _kept(ground)
        self._client.command(f"TRUNCATE TABLE {DUE}")
        for view in landed:
            fresh = f"(SELECT * FROM {self._tables[view]} WHERE {newer(last.marks.get(view, {}))})"
            said = kept.due[view]
            query = said if " " in said else f"SELECT {said} AS {kept.by} FROM {{landed}}"
            self._note(kept.by, query.replace("{landed}", fresh))
        days = {**self._days, "was": last.as_of.isoformat()}
        if days["was"] < days["as_of"]:
            self._note(kept.by, kept.moves, days)
        counted = f"SELECT uniqExact(id) FROM {DUE} WHERE kind = '{kept.by}'"
        due = int(self._client.query(counted).result_rows[0][0])
        if due <= MANY:
            for kind, query in kept.beside.items():
                self._note(kind, limited(query))
        return due

    def _note(self, kind: str, query: str, days: Mapping[str, str] | None = None) -> None:
        self._client.command(
            f"INSERT INTO {DUE} SELECT DISTINCT '{kind}', {kind} FROM ({query})", parameters=dict(days or {})
        )

    def _replace(self, ground: Ground, last: Stand, sums: list[Ground]) -> None:
        """Put the rows of what is due in the place of the old ones, and what they add less what those did.

        The rows come first: where a refresh is ended between the two, they tell that the sums lack something.
        """
        kept = _kept(ground)
        stored = self._stored(last.table)
        columns = ", ".join(stored)
        body = ", ".join(f"{name} {kind}" for name, kind in stored.items())
        fresh = rows_of(self._library, ground.name, columns, due=True)
        old = f"SELECT {columns} FROM {last.table} FINAL WHERE {limited(f'{{due {kept.by}}}')}"
        for table, query in ((_FRESH, fresh), (_OLD, old)):
            self._renew(table, f"({body}) ENGINE = MergeTree ORDER BY tuple() SETTINGS {_CELLS}")
            self._insert(f"{table} ({columns})", query)
        changes = [self._change(one, ground, last.table) for one in sums]
        key, number = ", ".join(kept.key), last.number + 1
        was, now = f"SELECT {columns} FROM {_OLD}", f"SELECT {columns} FROM {_FRESH}"
        gone = f"tuple({key}) NOT IN (SELECT tuple({key}) FROM {_FRESH})"
        self._insert(
            f"{last.table} ({columns}, _refresh, _gone)",
            f"SELECT *, {number}, 0 FROM ({now} EXCEPT {was}) UNION ALL "
            f"SELECT *, {number}, 1 FROM ({was}) WHERE {gone}",
        )
        for table, change in changes:
            self._client.command(f"INSERT INTO {table} SELECT * FROM {change}")
            self._client.command(f"DROP TABLE {change}")
        for table in (_FRESH, _OLD):
            self._client.command(f"DROP TABLE {table}")

    def _change(self, sums: Ground, ground: Ground, kept_table: str) -> tuple[str, str]:
        """Work out beside the sums what they change by; gives the table of the sums, and of the change."""
        header, table = _sums(sums), self.sums_table(sums, kept_table)
        change = f"{_CHANGE}_{sums.name}"
        self._renew(
            change, f"AS {table} ENGINE = MergeTree PRIMARY KEY tuple() ORDER BY tuple() SETTINGS {_CELLS}"
        )
        added = [header.facts, *header.of]
        types = self._stored(table)
        keys = [name for name in types if name not in added]
        both = " UNION ALL ".join(
            f"SELECT {', '.join(keys)}, {_signed(sign, added, types)} FROM ("
            + rows_of(self._library, sums.name, "*", standing={ground.name: f"SELECT * FROM {source}"})
            + ") AS s"
            for source, sign in ((_FRESH, "1"), (_OLD, "-1"))
        )
        named = ", ".join([*keys, *added])
        totals = ", ".join(f"sum(b.{name}) AS {name}" for name in added)
        differs = " OR ".join(f"{name} != 0" for name in added)
        self._insert(
            f"{change} ({named})",
            f"SELECT {', '.join(keys)}, {totals} FROM ({both}) AS b "
            f"GROUP BY {', '.join(keys)} HAVING {differs}",
        )
        return table, change

    def _add_up(self, sums: Ground, kept_table: str) -> None:
        """Work out all sums of the kept rows, in a table that is there when it is whole."""
        header, table = _sums(sums), self.sums_table(sums, kept_table)
        (kept,) = sums.reads
        added = [header.facts, *header.of]
        types = self._columns(sums)
        keys = [name for name in types if name not in added]
        # a change may be less than nothing
        body = ", ".join(
            f"{name} {kind.replace('UInt', 'Int') if name in added else kind}" for name, kind in types.items()
        )
        self._renew(
            _CHANGE,
            f"({body}) ENGINE = SummingMergeTree(({', '.join(added)})) {_sorted(header, keys)} "
            f"SETTINGS {_CELLS} COMMENT '{sums.name} in parts that add up; read by refreshes alone'",
        )
        by = _kept(self._ground(kept)).by
        for stretch in self._stretches(kept_table, by):
            rows = f"SELECT * EXCEPT (_refresh, _gone) FROM {kept_table} FINAL WHERE {stretch}"
            self._insert(
                f"{_CHANGE} ({', '.join(types)})",
                rows_of(self._library, sums.name, ", ".join(types), standing={kept: rows}),
            )
        self._client.command(f"DROP TABLE IF EXISTS {table}")
        self._client.command(f"RENAME TABLE {_CHANGE} TO {table}")

    def _stretches(self, kept_table: str, by: str) -> list[str]:
        """Conditions that divide the rows by the ids of their facts, so that each part fits into memory."""
        found = self._client.query(
            f"SELECT DISTINCT id FROM (SELECT id, rowNumberInAllBlocks() AS place FROM "
            f"(SELECT {by} AS id FROM {kept_table} ORDER BY id)) WHERE place % {STRETCH} = 0 AND place > 0 "
            "ORDER BY id"
        ).result_rows
        lows = [text(str(low)) for (low,) in found]
        ends = zip([None, *lows], [*lows, None], strict=True)
        return [
            " AND ".join(
                [f"{by} >= {low}" if low else "1", f"{by} < {high}" if high else "1"],
            )
            for low, high in ends
        ]

    def _ground(self, name: str) -> Ground:
        ground = self._library.relations[name]
        assert isinstance(ground, Ground)
        return ground

    def _is_halved(self, last: Stand) -> bool:
        """Whether a refresh after the last one was ended before the sums had what its rows have."""
        newest = self._client.query(f"SELECT 1 FROM {last.table} WHERE _refresh > {last.number} LIMIT 1")
        return bool(newest.result_rows)

    def _columns(self, ground: Ground) -> dict[str, str]:
        """The columns of a ground with their types."""
        query = rows_of(self._library, ground.name, "*")
        found = self._client.query(f"DESCRIBE ({query})", parameters=self._days, settings=SETTINGS)
        return {str(row[0]): _storable(str(row[1])) for row in found.result_rows}

    def _stored(self, table: str) -> dict[str, str]:
        """The columns of a table with their types, without those of refreshes."""
        found = self._client.query(f"DESCRIBE TABLE {table}").result_rows
        return {str(row[0]): str(row[1]) for row in found if row[0][0] != "_"}

    def _renew(self, table: str, definition: str) -> None:
        self._client.command(f"DROP TABLE IF EXISTS {table}")
        self._client.command(f"CREATE TABLE {table} {definition}")

    def _insert(self, target: str, query: str) -> None:
        self._client.command(
            f"INSERT INTO {target} {query}", parameters=self._days, settings={**SETTINGS, **SPARING}
        )


def _sorted(sums: Sums, keys: list[str]) -> str:
    """The sorting of a table of sums; what is looked up by one key has that alone in its index."""
    primary = f"PRIMARY KEY {sums.by} " if sums.by else ""
    return f"{primary}ORDER BY ({', '.join(keys)})"


def _signed(sign: str, added: list[str], types: Mapping[str, str]) -> str:
    return ", ".join(f"{sign} * CAST(s.{name}, '{types[name]}') AS {name}" for name in added)


def _storable(kind: str) -> str:
    """A type as a table may have it: to compare words of low cardinality gives numbers of low cardinality."""
    low = "LowCardinality("
    return kind[len(low) : -1] if kind.startswith(low) and "String" not in kind else kind


def _kept(ground: Ground) -> Kept:
    assert ground.header.kept is not None
    return ground.header.kept


def _sums(ground: Ground) -> Sums:
    assert ground.header.sums is not None
    return ground.header.sums
