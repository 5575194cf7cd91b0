"""The warehouse as marts are asked of it: what it refuses becomes one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.cli.query import reason
from mesh.kernel.errors import MartError, WarehouseError
from mesh.kernel.settings import Settings
from mesh.kernel.warehouse import connect

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


@contextmanager
def warehouse(settings: Settings) -> Iterator[Client]:
    """A client of the warehouse, closed afterwards."""
    client = connect(settings)
    try:
        yield client
    except ClickHouseError as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            raise MartError(
                "model-missing", "the warehouse has not all tables that marts read", remedy="run `mesh apply`"
            ) from None
        raise WarehouseError(
            "query-failed", reason(str(error)), remedy="`mesh logs warehouse` may tell more"
        ) from None
    finally:
        client.close()
