"""Writes blocks exactly once as a reader sees it: one token a block, retried until the warehouse has it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from sinks.port import RowsRefusedError

log = logging.getLogger(__name__)

_MISPLACED = 395
"""What a landing raises over a record that does not end where its bytes do."""
_REFUSED_DATA = frozenset(
    {6, 25, 26, 27, 32, 33, 38, 41, 43, 53, 69, 70, 72, 117, 131, 321, 349, _MISPLACED, 407, 1001}
)
"""ClickHouse's codes for rows that it cannot read; every other fault is the warehouse's, and passes."""

_WAIT = wait_exponential(multiplier=0.1, max=5)
_NAME = re.compile(r"\(([A-Z]+(?:_[A-Z]+)+)\)")

_INSERT = {
    "async_insert": 0,
    # a retry after a crash in the middle fills in exactly those targets that lack the block
    "deduplicate_blocks_in_dependent_materialized_views": 1,
}


class Writer:
    """Inserts into the warehouse and waits as long as it is away.

    ``waiting`` is called before every further try with the error; it may raise to give up, as on shutdown.
    """

    def __init__(self, client: Client, waiting: Callable[[Exception], None]) -> None:
        self._client = client
        self._waiting = waiting

    def insert_avro(self, table: str, columns: Sequence[str], container: bytes, token: str) -> None:
        """Insert an Avro container; raises :class:`RowsRefusedError` when its rows cannot be read."""
        self._patiently(
            lambda: self._client.raw_insert(
                table,
                list(columns),
                memoryview(container),  # bytes would be copied behind the statement
                fmt="Avro",
                settings={**_INSERT, "insert_deduplication_token": token},
            )
        )

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        """Insert rows of Python values."""
        self._patiently(
            lambda: self._client.insert(
                table,
                rows,
                column_names=list(columns),
                settings={**_INSERT, "insert_deduplication_token": token},
            )
        )

    def _patiently(self, insert: Callable[[], object]) -> None:
        for attempt in Retrying(
            wait=_WAIT,
            retry=retry_if_exception(lambda error: isinstance(error, ClickHouseError | OSError)),
            before_sleep=self._tell,
        ):
            with attempt:
                try:
                    insert()
                except DatabaseError as error:
                    if _code(error) in _REFUSED_DATA:
                        raise RowsRefusedError(_without_values(error)) from None
                    raise

    def _tell(self, state: RetryCallState) -> None:
        problem = state.outcome and state.outcome.exception()
        if isinstance(problem, Exception):
            self._waiting(problem)


def _without_values(error: DatabaseError) -> str:
    """Code and name of an error: its text may quote a row, and so a person."""
    name = _NAME.search(str(error))
    return f"ClickHouse code {_code(error)}" + (f", {name[1]}" if name else "")


def _code(error: DatabaseError) -> int | None:
    code = getattr(error, "code", None)
    return int(code) if code is not None else None
