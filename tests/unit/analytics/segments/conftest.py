"""A shop on the real engine, for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import clickhouse_connect
import pytest

from tests.unit.analytics.segments.shop import Shop
from tests.unit.analytics.semantic.world import empty_warehouse

Opens = Callable[[], Shop]


@pytest.fixture
def open_empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opens]:
    """Opens shops in which nothing has landed, each with a warehouse of its own."""
    opened = []

    def one() -> Shop:
        server = empty_warehouse(tmp_path_factory.mktemp("segments") / "path")
        client = clickhouse_connect.get_client(port=server.port)
        opened.append((server, client))
        return Shop(client)

    yield one
    for server, client in opened:
        client.close()
        server.stop()


@pytest.fixture
def shop(open_empty: Opens) -> Shop:
    """A shop with a small trade."""
    shop = open_empty()
    for table, rows in shop.trade.items():
        shop.land(table, *rows)
    return shop
