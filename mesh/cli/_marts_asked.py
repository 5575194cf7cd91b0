"""The warehouse as marts are asked of it: what it refuses becomes one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.cli.query import reason
from mesh.kernel.errors import MartError, MeshError, WarehouseError
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
        raise refused(error) from None
    finally:
        client.close()


def refused(error: ClickHouseError, mart: str = "") -> MeshError:
    """What the warehouse said about a mart, as one line."""
    if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
        return MartError(
            "model-missing", "the warehouse has not all tables that marts read", remedy="run `mesh apply`"
        )
    return WarehouseError(
        "query-failed", reason(str(error)), place=mart, remedy="`mesh logs warehouse` may tell more"
    )
