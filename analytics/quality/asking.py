"""Asks the warehouse about a port's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.kernel.errors import WarehouseError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.contract import Port

READING = {"readonly": 2, "max_threads": 1}
"""Judging takes one thread of the warehouse's, so that neither the sink nor people wait for it."""


def ask(client: Client, port: Port, sql: str) -> list[Sequence[Any]]:
    """The rows of a statement; raise :class:`WarehouseError` ``table-missing`` where there is no table."""
    try:
        return list(client.query(sql, settings=READING).result_rows)
    except ClickHouseError as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            raise WarehouseError(
                "table-missing", "is not in the warehouse", place=str(port.view), remedy="run `mesh apply`"
            ) from None
        raise
