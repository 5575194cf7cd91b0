"""A warehouse in memory, for tests of what lands in it."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from fastavro import reader

from sinks.clickhouse.columns import SEAL, SEALED
from sinks.port import RowsRefusedError


class MemoryWarehouse:
    """Keeps every row of every table, newest and older ones alike, and every token."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.tokens: list[str] = []
        """Of the inserts that were taken, in their order."""

    def insert_avro(self, table: str, columns: Sequence[str], container: bytes, token: str) -> None:
        """Read the container as Avro; refuse it when that fails."""
        try:
            rows = list(reader(BytesIO(container)))
        except Exception as error:  # noqa: BLE001 - fastavro has a dozen ways out
            raise RowsRefusedError(str(error) or type(error).__name__) from None
        if any(row[SEAL[0]] != SEALED for row in rows):
            raise RowsRefusedError("a record does not end where its bytes do")
        self._insert(table, [{name: row[name] for name in columns} for row in rows], token)

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        """Keep the rows."""
        self._insert(table, [dict(zip(columns, row, strict=True)) for row in rows], token)

    def _insert(self, table: str, rows: list[dict[str, Any]], token: str) -> None:
        if token not in self.tokens:
            self.tokens.append(token)
            self.tables.setdefault(table, []).extend(rows)
