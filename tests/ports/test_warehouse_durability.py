"""kill -9 in the middle of inserts: what was acknowledged is there, whole, and a retry is exact."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error

from tests.ports.embedded_server import EmbeddedServer

pytestmark = pytest.mark.real

ROWS = 20_000
ROUNDS = 4
BLOCK = "\n".join(f"{number},{'x' * 50}" for number in range(ROWS)).encode() + b"\n"
TABLE = pa.table({"a": pa.array(range(ROWS), pa.int64()), "b": ["x" * 50] * ROWS})


def insert(client: Client, number: int, token: str) -> None:
    """One block into table ``number``: as text into the first, as Arrow into the second."""
    settings = {"insert_deduplication_token": token, "async_insert": 0}
    if number == 0:
        client.raw_insert("t0", ["a", "b"], BLOCK, fmt="CSV", settings=settings)
    else:
        client.insert_arrow("t1", TABLE, settings=settings)


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Over several kills: no acknowledged block missing, none torn, and the same token never lands twice."""
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    server = EmbeddedServer(tmp_path / "path")
    port = urlsplit(server.url).port or 0

    def connect() -> Client:
        return clickhouse_connect.get_client(host="127.0.0.1", port=port, compress=False)

    client = connect()
    for number in (0, 1):
        client.command(
            f"CREATE TABLE t{number} (a Int64, b String) ENGINE = MergeTree ORDER BY a"
            " SETTINGS non_replicated_deduplication_window = 10000"
        )
    acknowledged = [0, 0]
    pending = ["", ""]

    def write(number: int, turn: int) -> None:
        own = connect()
        for count in range(1_000_000):
            pending[number] = f"{number}:{turn}:{count}"
            try:
                insert(own, number, pending[number])
            except Error:
                return
            acknowledged[number] += 1

    unacknowledged_landed = 0
    for turn in range(ROUNDS):
        writers = [threading.Thread(target=write, args=(number, turn)) for number in (0, 1)]
        for writer in writers:
            writer.start()
        time.sleep(1 + chance.random())
        server.kill()
        for writer in writers:
            writer.join()
        server.start()
        client = connect()
        for number in (0, 1):
            landed = client.command(f"SELECT count() FROM t{number}")
            assert landed in (acknowledged[number] * ROWS, (acknowledged[number] + 1) * ROWS)
            unacknowledged_landed += landed > acknowledged[number] * ROWS
            insert(client, number, pending[number])
            acknowledged[number] += 1
            assert client.command(f"SELECT count() FROM t{number}") == acknowledged[number] * ROWS
            assert client.command(f"SELECT uniqExact(a), min(a), max(a) FROM t{number}") == [
                *(str(ROWS), "0", str(ROWS - 1))
            ]
    print(
        "blocks",
        acknowledged,
        "landed unacknowledged",
        unacknowledged_landed,
        "restart",
        server.start_seconds,
    )
    assert min(acknowledged) > ROUNDS
    assert client.query("SELECT count() FROM system.detached_parts").first_row == (0,)
    assert server.stop() == 0
