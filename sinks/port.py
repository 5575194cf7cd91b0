"""What landing needs of a warehouse; :class:`sinks.clickhouse.writer.Writer` is the real one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class RowsRefusedError(Exception):
    """The warehouse cannot read at least one row of the block; its message says why in one line."""


class Warehouse(Protocol):
    """Takes blocks, each whole or not at all, and each token once: a repeated one changes nothing."""

    def insert_avro(self, table: str, columns: Sequence[str], container: bytes, token: str) -> None:
        """Insert an Avro container; raises :class:`RowsRefusedError` when its rows cannot be read."""

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        """Insert rows of Python values."""
