"""TLS and SASL reach every connection, whichever library makes it: looked at where the bytes arrive."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.engine.broadcast import BroadcastReader
from streams.engine.changelog import ChangelogReader
from streams.engine.connection import aiokafka_options, check_protocols, connection, faust_settings
from streams.engine.errors import EngineError
from streams.engine.meter import Meter
from streams.engine.options import Options
from streams.engine.preflight import preflight
from streams.engine.security import Security
from streams.engine.transport.app import BatchApp, batch_app
from streams.engine.writer import Writer
from tests.unit.streams.engine.parts import application

HANDSHAKE = b"\x16"
"""The first byte of a client that begins TLS; Kafka's own protocol begins with the length of a request."""
SECONDS = 10.0
"""How long a connection is waited for."""


class Listener:
    """Takes connections and hangs up; notes the first byte of each."""

    def __init__(self) -> None:
        self.first: list[bytes] = []
        self.heard = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                with self._socket.accept()[0] as client:
                    client.settimeout(SECONDS)
                    with suppress(OSError):
                        if first := client.recv(1):
                            self.first.append(first)
                            self.heard.set()

    def close(self) -> None:
        """Take no more."""
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """One for each test."""
    listener = Listener()
    yield listener
    listener.close()


def fail(problem: BaseException) -> NoReturn:
    """Stand in for the end of the process."""
    raise problem


def checks(options: Options, _heard: Callable[[], bool]) -> None:
    """What looks before the start."""
    with suppress(KafkaException):
        AdminClient(connection(options)).list_topics(timeout=0.5)


def broadcast(options: Options, _heard: Callable[[], bool]) -> None:
    """What reads broadcast topics."""
    consumer = BroadcastReader(["group"], options, fail)._consumer()
    with suppress(KafkaException):
        consumer.list_topics(timeout=0.5)
    consumer.close()


def changelog(options: Options, heard: Callable[[], bool]) -> None:
    """What reads changelogs."""

    async def read() -> None:
        async with ChangelogReader(options, heard) as reader:
            assert [piece async for piece in reader.read("changelog", 0, 0)] == []

    asyncio.run(read())


def writer(options: Options, _heard: Callable[[], bool]) -> None:
    """What writes."""

    async def write() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(
                Writer("test", options, Meter(), fail).rows("row", 0, [(b"", b"", 1)]), 0.5
            )

    asyncio.run(write())


def _of_faust(start: Callable[[BatchApp], Awaitable[None]], options: Options) -> None:
    async def whole() -> None:
        app = batch_app("test.faust", options.brokers, options.folder, faust_settings(options))
        with suppress(KafkaConnectionError):
            await start(app)

    asyncio.run(whole())


def inputs(options: Options, _heard: Callable[[], bool]) -> None:
    """What Faust reads with, as a member of the group."""

    async def start(app: BatchApp) -> None:
        client = app.consumer._new_consumer_thread()._create_worker_consumer(app.transport)
        try:
            await client.start()
        finally:
            await client.stop()

    _of_faust(start, options)


def of_faust(options: Options, _heard: Callable[[], bool]) -> None:
    """What Faust itself would write with."""

    async def start(app: BatchApp) -> None:
        await app.transport.create_producer()._new_producer().start()

    _of_faust(start, options)


@pytest.mark.parametrize("connect", [checks, broadcast, changelog, writer, inputs, of_faust])
@pytest.mark.parametrize("user", [None, "ann"])
def test_every_connection_begins_with_tls(
    listener: Listener, tmp_path: Path, user: str | None, connect: Callable[[Options, Any], None]
) -> None:
    """Though it was said once only; and without it none does."""
    connect(
        Options(listener.address, tmp_path, Security(user=user, password="secret")), listener.heard.is_set
    )
    assert listener.heard.wait(SECONDS)
    assert set(listener.first) == {HANDSHAKE}
    plain = Listener()
    connect(Options(plain.address, tmp_path), plain.heard.is_set)
    assert plain.heard.wait(SECONDS)
    assert set(plain.first) == {b"\0"}
    plain.close()


@pytest.mark.parametrize(
    ("security", "protocol"),
    [
        (Security(), "SSL"),
        (Security(user="ann"), "SASL_SSL"),
        (Security(user="ann", tls=False, mechanism="PLAIN"), "SASL_PLAINTEXT"),
        (Security(tls=False), "PLAINTEXT"),
    ],
)
def test_both_libraries_are_told_the_same(security: Security, protocol: str) -> None:
    """Protocol, mechanism and who it is; what a deployment adds by a library's own names wins."""
    options = Options("127.0.0.1:1", Path("unused"), security, client={"sasl.username": "bob"})
    rdkafka, aiokafka = connection(options), aiokafka_options(options)
    assert rdkafka["security.protocol"] == aiokafka["security_protocol"] == protocol
    assert rdkafka.get("sasl.mechanism") == aiokafka.get("sasl_mechanism")
    assert aiokafka.get("sasl_plain_username") == security.user
    assert rdkafka["sasl.username"] == "bob"
    check_protocols(options)


@pytest.mark.parametrize(
    "half",
    [
        {"client": {"security.protocol": "sasl_ssl"}},
        {"faust": {"ssl_context": SimpleNamespace()}},
        {"security": Security(), "client": {"security.protocol": "plaintext"}},
    ],
)
def test_half_of_the_connections_do_not_go_in_the_clear(half: dict[str, Any]) -> None:
    """A worker whose other half was forgotten does not start."""
    with pytest.raises(EngineError, match="security-split"):
        preflight([application()], Options("127.0.0.1:1", Path("unused"), **half))


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    """One line, before anything is connected; and no line shows a secret."""
    security = Security(ca=tmp_path / "none.pem", user="ann", password="secret", key_password="secret")
    with pytest.raises(EngineError, match=r"security-unreadable\] .*none\.pem"):
        preflight([application()], Options("127.0.0.1:1", Path("unused"), security))
    assert "secret" not in repr(security)
