"""The warehouse under test: the embedded one, or a real server where ``CLICKHOUSE_URL`` is given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import clickhouse_connect
import httpx
import pytest

from tests.ports.embedded_server import EmbeddedServer

REAL = os.environ.get("CLICKHOUSE_URL", "")


@pytest.fixture(scope="session")
def warehouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the warehouse that the whole suite shares."""
    if REAL:
        yield REAL
        return
    server = EmbeddedServer(tmp_path_factory.mktemp("warehouse") / "path")
    yield server.url
    assert server.stop() == 0, server.log()


@pytest.fixture
def embedded_url(warehouse_url: str) -> str:
    """The same, for promises that only the embedded warehouse makes."""
    if REAL:
        pytest.skip("a promise of the embedded warehouse only")
    return warehouse_url


@pytest.fixture
def connect(warehouse_url: str) -> Iterator[object]:
    """Opens clients of the warehouse; closes them afterwards."""
    opened = []

    def open_client(**options: object) -> clickhouse_connect.driver.client.Client:
        url = urlsplit(warehouse_url)
        access = {"username": url.username or "default", "password": url.password or ""}
        client = clickhouse_connect.get_client(
            **{"host": url.hostname, "port": url.port, **access, **options}
        )
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.close()


@pytest.fixture
def database(connect: object) -> Iterator[str]:
    """An Atomic database of the test's own."""
    name = f"test_{uuid4().hex[:12]}"
    client = connect()  # type: ignore[operator]
    client.command(f"CREATE DATABASE {name} ENGINE = Atomic")
    yield name
    client.command(f"DROP DATABASE {name} SYNC")


@pytest.fixture
def client(connect: object, database: str) -> clickhouse_connect.driver.client.Client:
    """A client whose database is the test's own."""
    return connect(database=database)  # type: ignore[operator]


@pytest.fixture
def http(warehouse_url: str) -> Iterator[httpx.Client]:
    """Plain HTTP to the warehouse."""
    with httpx.Client(base_url=warehouse_url, timeout=60) as plain:
        yield plain
