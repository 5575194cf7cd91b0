"""The one place that connects to the warehouse; embedded or a server, they differ by the address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.kernel.errors import SettingsError, WarehouseError, no_answer

if TYPE_CHECKING:
    from mesh.kernel.settings import Settings


def connect(settings: Settings, *, timeout: float = 300) -> Client:
    """A client of the warehouse that waits ``timeout`` seconds for an answer.

    Raises :class:`WarehouseError` when it does not answer.
    """
    url = urlsplit(settings.warehouse)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise SettingsError(
            "setting-invalid",
            f"{settings.warehouse!r} is not an http address",
            place="MESH_WAREHOUSE",
            remedy="write http://host:port",
        )
    try:
        return clickhouse_connect.get_client(
            host=url.hostname,
            port=url.port or (8443 if url.scheme == "https" else 8123),
            interface=url.scheme,
            username=settings.warehouse_user,
            password=settings.warehouse_password,
            compress=False,
            autogenerate_session_id=False,
            send_receive_timeout=timeout,
        )
    except ClickHouseError as error:
        raise WarehouseError(
            "warehouse-unreachable",
            no_answer(error),
            place=settings.warehouse,
            remedy="see `mesh status` and `mesh logs warehouse`",
        ) from None
