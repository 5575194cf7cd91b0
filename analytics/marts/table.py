"""The table of a mart's rows, and the view that people read.

``marts.customer_churn``                the view: the rows as of the last refresh
``marts.customer_churn_3fa9c1d2e07b``   the table, named by its definition: another one gets a new table
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from analytics.marts.relation import Mart
from analytics.marts.statement import SETTINGS, SPARING
from mesh.kernel.errors import MartError
from mesh.kernel.literal import text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_BY_KEY = {"optimize_move_to_prewhere_if_final": 1}
"""Rows of some customers are looked for by the key before versions of a row are merged, not after."""
STALE = 0.25
"""The share of rows with a version that holds no more from which on all are merged."""
_CELLS = "min_bytes_for_wide_part = 134217728, index_granularity = 2048, allow_nullable_key = 1"


class Rows:
    """The rows of one mart by one definition."""

    def __init__(self, client: Client, mart: Mart, digest: str) -> None:
        self._client = client
        self._mart = mart
        self.name = f"{mart.view}_{digest}"
        self._draft = f"{mart.view}_draft"
        self._columns = ", ".join(column.name for column in mart.columns)
        self._key = ", ".join(mart.header.key)

    def create(self, query: str, parameters: Mapping[str, str]) -> None:
        """Create the table, with the types that the query has; empties one that was left half filled."""
        found = self._client.query(f"DESCRIBE ({query})", parameters=dict(parameters), settings=SETTINGS)
        types = {str(row[0]): str(row[1]) for row in found.result_rows}
        body = ", ".join(
            f"{column.name} {types[column.name]} COMMENT {_line(_comment(column.meaning, column.unit))}"
            for column in self._mart.columns
        )
        for statement in (
            f"DROP TABLE IF EXISTS {self.name}",
            f"CREATE TABLE {self.name} ({body}, _refresh UInt64, _gone UInt8) "
            f"ENGINE = ReplacingMergeTree(_refresh, _gone) ORDER BY ({self._key}) "
            f"SETTINGS {_CELLS} COMMENT {_line(self._mart.header.question)}",
        ):
            self._client.command(statement)

    def draft(self, query: str, parameters: Mapping[str, str]) -> int:
        """Work out the rows of a query beside the table, and count them; a key that repeats is refused."""
        self._client.command(f"DROP TABLE IF EXISTS {self._draft}")
        self._client.command(f"CREATE TABLE {self._draft} AS {self.name} ENGINE = MergeTree ORDER BY tuple()")
        self._client.command(
            f"INSERT INTO {self._draft} ({self._columns}) {query}",
            parameters=dict(parameters),
            settings={**SETTINGS, **SPARING},
        )
        rows, keys = self._client.query(
            f"SELECT count(), uniqExact(tuple({self._key})) FROM {self._draft}"
        ).result_rows[0]
        if rows != keys:
            raise MartError(
                "mart-key-repeated",
                f"has {rows:,} rows of {keys:,} keys ({self._key})",
                place=self._mart.place,
                remedy="mend its key or its query; the mart stays as it was",
            )
        return int(rows)

    def put(self, number: int, scope: str = "1") -> tuple[int, int]:
        """Write what differs from the rows in scope, as one insert; gives rows written and rows gone."""
        old = f"SELECT {self._columns} FROM {self.name} FINAL WHERE {scope}"
        fresh = f"SELECT {self._columns} FROM {self._draft}"
        lost = f"SELECT tuple({self._key}) FROM ({old}) EXCEPT SELECT tuple({self._key}) FROM {self._draft}"
        self._client.command(
            f"INSERT INTO {self.name} ({self._columns}, _refresh, _gone) "
            f"SELECT *, {number}, 0 FROM ({fresh} EXCEPT {old}) "
            f"UNION ALL SELECT *, {number}, 1 FROM ({old}) WHERE tuple({self._key}) IN ({lost})",
            settings={**SETTINGS, **SPARING, **_BY_KEY},
        )
        found = self._client.query(
            f"SELECT countIf(_gone = 0), countIf(_gone = 1) FROM {self.name} WHERE _refresh = {number}"
        )
        self._client.command(f"DROP TABLE {self._draft}")
        written, gone = found.result_rows[0]
        return int(written), int(gone)

    def count(self, scope: str = "1") -> int:
        """The rows in scope."""
        found = self._client.query(
            f"SELECT count() FROM {self.name} FINAL WHERE {scope}", settings={**SETTINGS, **_BY_KEY}
        )
        return int(found.result_rows[0][0])

    def settle(self, changed: int, total: int) -> None:
        """Leave one version of each row where more than :data:`STALE` have another that holds no more.

        Whoever reads would pass over those until the warehouse merges them by itself: of 1.5 million pairs
        that all had changed twice, the first twenty took five times as long to find.
        """
        if changed > STALE * total:
            self._client.command(f"OPTIMIZE TABLE {self.name} FINAL")

    def is_begun(self, number: int) -> bool:
        """Whether a refresh of that number has written something, which was ended before it was whole."""
        found = self._client.query(f"SELECT 1 FROM {self.name} WHERE _refresh >= {number} LIMIT 1")
        return bool(found.result_rows)

    def show(self) -> None:
        """Let people read these rows, and drop those of other definitions."""
        comment = _line(self._mart.header.question)
        self._client.command(
            f"CREATE OR REPLACE VIEW {self._mart.view} AS SELECT {self._columns} FROM {self.name} FINAL "
            f"COMMENT {comment}"
        )
        database, _, name = self._mart.view.partition(".")
        others = self._client.query(
            "SELECT name FROM system.tables WHERE database = {database:String} "
            "AND match(name, {pattern:String})",
            parameters={"database": database, "pattern": f"^{name}_[0-9a-f]{{12}}$"},
        ).result_rows
        for (other,) in others:
            if f"{database}.{other}" != self.name:
                self._client.command(f"DROP TABLE {database}.{other}")


def _comment(meaning: str, unit: str) -> str:
    return f"{meaning} ({unit})" if unit else meaning


def _line(words: str) -> str:
    return text(" ".join(words.split()))
