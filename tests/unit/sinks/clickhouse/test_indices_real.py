"""Indices of facts on the real engine: an older table gets them, and a single order is found by them."""

from __future__ import annotations

from collections.abc import Iterator

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import load_settings
from sinks.clickhouse import migrate
from sinks.clickhouse.tables import PLATFORM, Table
from tests.ports.embedded_server import EmbeddedServer

pytestmark = pytest.mark.real
PORT = next(one for one in find_mesh(load_settings()).ports.values() if one.view == "sales.orders_enriched")
TABLE = Table(PORT)
NAMES = [index.name for index in TABLE.indices()]
GRANULES = 40


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A warehouse whose order lines have no indices yet, one order a granule, in no order of time."""
    server = EmbeddedServer(tmp_path_factory.mktemp("indices") / "path")
    client = clickhouse_connect.get_client(port=server.port)
    try:
        for statement in (*PLATFORM, *TABLE.create()):
            client.command(statement, settings={"allow_materialized_view_with_bad_select": 1})
        for name in NAMES:
            client.command(f"ALTER TABLE {TABLE.name} DROP INDEX {name}")
        client.command(
            f"INSERT INTO {TABLE.name} (order_id, line_number, ordered_at, version) "
            f"SELECT 'o' || toString(intDiv(number, 2048) * 7 % {GRANULES}), number, "
            f"toDateTime('2024-01-01 00:00:00') + 86400 * intDiv(number, 2048), 1 "
            f"FROM numbers({2048 * GRANULES})"
        )
        yield client
    finally:
        client.close()
        server.stop()


def read(client: Client) -> int:
    """Granules that are read for one order."""
    plan = client.query(
        f"EXPLAIN indexes = 1 SELECT count() FROM {TABLE.name} FINAL WHERE order_id = 'o5'"
    ).result_rows
    parts = [line for (line,) in plan if "Granules:" in line]
    return int(parts[-1].split(":")[1].split("/")[0])


def test_a_table_of_an_older_release_gets_its_indices(client: Client) -> None:
    """Those of rows that are there too; then nothing is left to do."""
    assert NAMES == ["landed_range", "order_id_range", "order_id_value"]
    assert read(client) >= GRANULES
    (upgrade,) = migrate.upgrades(client, [TABLE], migrate.read(client))[-1:]
    assert upgrade.details == tuple(f"index {name} added" for name in NAMES)
    migrate.run(client, upgrade)
    assert TABLE.name not in {one.name for one in migrate.upgrades(client, [TABLE], migrate.read(client))}
    for _ in range(100):
        if read(client) <= 2:
            break
    assert read(client) <= 2
