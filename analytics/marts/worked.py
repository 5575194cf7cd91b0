"""Works out once a run what several marts read, or what is too much for one statement.

``marts.worked_<ground>``  the rows of a ground while a run goes on; nobody but the run reads them

A table of its own takes one statement, or one a stretch of its rows: so none needs more memory than a stretch
does, however much there is of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from analytics.marts.header import Worked
from analytics.marts.relation import DATABASE, Ground, Library, Mart
from analytics.marts.statement import SETTINGS, rows_of
from mesh.kernel.literal import text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_SPARING = {
    "max_threads": 1,
    "max_bytes_before_external_group_by": 1 << 28,
    "query_plan_join_swap_table": "false",
}
"""One processor; what is grouped goes to the disk beyond that, instead of beyond half of all memory."""
_CELLS = "index_granularity = 16, allow_nullable_key = 1"
"""A statement takes a granule of rows at a time at the least, and rows here are lists."""


class Workings:
    """The grounds that one run has worked out, as of one day."""

    def __init__(self, client: Client, library: Library, days: Mapping[str, str]) -> None:
        """``days`` has as_of and timezone, parameters of queries."""
        self._client = client
        self._library = library
        self._days = dict(days)
        self._standing: dict[str, str] = {}
        self._made: set[str] = set()

    def standing(self, mart: Mart) -> dict[str, str]:
        """Queries of those that a mart reads, each in its table; worked out where this run has not yet."""
        names = [one.name for one in self._library.grounds(mart) if one.header.worked]
        for name in names:
            if name not in self._standing:
                self._standing[name] = self._work_out(name)
        return {name: self._standing[name] for name in names}

    def clear(self) -> None:
        """Drop the tables of this run."""
        for table in self._made:
            self._client.command(f"DROP TABLE IF EXISTS {table}")
        self._standing, self._made = {}, set()

    def _work_out(self, name: str) -> str:
        ground = self._library.relations[name]
        assert isinstance(ground, Ground)
        assert ground.header.worked is not None
        worked, table = ground.header.worked, _table(name)
        query = rows_of(self._library, name, "*", standing=self._standing)
        found = self._client.query(f"DESCRIBE ({query})", parameters=self._asked(query), settings=SETTINGS)
        body = ", ".join(f"{row[0]} {row[1]}" for row in found.result_rows)
        self._client.command(f"DROP TABLE IF EXISTS {table}")
        self._made.add(table)
        self._client.command(
            f"CREATE TABLE {table} ({body}) ENGINE = MergeTree ORDER BY ({', '.join(worked.key)}) "
            f"SETTINGS {_CELLS} COMMENT '{name} while a refresh goes on; read by it alone'"
        )
        rows = worked.block
        block = {"max_block_size": rows, "min_joined_block_size_rows": 4 * rows} if rows else {}
        for part in self._parts(ground, worked):
            query = rows_of(self._library, name, "*", part=part, standing=self._standing)
            self._client.command(
                f"INSERT INTO {table} {query}",
                parameters=self._asked(query),
                settings={**SETTINGS, **_SPARING, **block},
            )
        return f"SELECT * FROM {table}"

    def _parts(self, ground: Ground, worked: Worked) -> Iterator[str]:
        """Conditions that divide its rows."""
        if worked.starts is None:
            yield "1"
            return
        read = ", ".join(f"{name} AS ({self._standing[name]})" for name in ground.reads)
        query = f"WITH {read} {worked.starts}"
        found = self._client.query(
            query, parameters=self._asked(query), settings={**SETTINGS, **_SPARING}
        ).result_rows
        starts = [text(str(start)) for (start,) in found]
        for low, high in zip([None, *starts], [*starts, None], strict=True):
            since = f"{worked.by} >= {low}" if low else "1"
            yield f"{since} AND {worked.by} < {high}" if high else since

    def _asked(self, query: str) -> dict[str, str] | None:
        """The parameters of a query; without any the client would take each % for the place of one."""
        return {name: value for name, value in self._days.items() if f"{{{name}:" in query} or None


def _table(name: str) -> str:
    return f"{DATABASE}.worked_{name}"
