"""Health checks answer yes only to a part that answers as it should."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest

from mesh.platform.health import state
from mesh.platform.part import Health, State
from mesh.platform.ports import Ports

Reply = Callable[[bytes], bytes]


def metadata(brokers: int, controller: int) -> Reply:
    """A Kafka Metadata v1 response with so many brokers, as the protocol frames it."""
    body = struct.pack(">ii", 7, brokers)
    for node in range(brokers):
        body += struct.pack(">ih", node, 9) + b"127.0.0.1" + struct.pack(">ih", 9092, -1)
    body += struct.pack(">ii", controller, 0)
    return lambda _request: struct.pack(">i", len(body)) + body


async def asked(kind: str, reply: Reply, recovered: str = "") -> State:
    """The state of a server that gives this reply."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(await reader.read(4096)))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = f"127.0.0.1:{port}" if kind == "kafka" else f"http://127.0.0.1:{port}/ping"
    async with server:
        return await state(Health(kind, target, recovered))


@pytest.mark.parametrize(
    ("kind", "reply", "expected"),
    [
        pytest.param("http", lambda _: b"HTTP/1.1 200 OK\r\n\r\n", True, id="http 200"),
        pytest.param("http", lambda _: b"HTTP/1.1 503 Not yet\r\n\r\n", False, id="http 503"),
        pytest.param("http", lambda _: b"", False, id="http closed"),
        pytest.param("kafka", metadata(1, 1), True, id="kafka with a broker"),
        pytest.param("kafka", metadata(2, 0), True, id="kafka with two"),
        pytest.param("kafka", metadata(0, 1), False, id="kafka whose broker is still fenced"),
        pytest.param("kafka", metadata(1, -1), False, id="kafka without a controller"),
        pytest.param("kafka", lambda _: b"\x00\x00\x00\x04\x00", False, id="kafka cut off"),
        pytest.param("kafka", lambda _: b"\x00\x00\x00\x02ab", False, id="kafka nonsense"),
    ],
)
def test_only_the_right_answer_is_healthy(kind: str, reply: Reply, expected: bool) -> None:
    """Anything but the protocol's yes is a no, and never an exception."""
    assert asyncio.run(asked(kind, reply)) is (State.READY if expected else State.UNHEALTHY)


def test_nobody_listening_is_unhealthy() -> None:
    """A refused connection is a no."""
    port = Ports(print).near(39_000)
    assert asyncio.run(state(Health("kafka", f"127.0.0.1:{port}"))) is State.UNHEALTHY


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nup 1\n", State.RECOVERING, id="answers"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nup 1\ntook 3\n", State.READY, id="has recovered"),
        pytest.param(b"HTTP/1.1 500 No\r\n\r\nup 1\ntook 3\n", State.UNHEALTHY, id="fails"),
    ],
)
def test_a_part_recovers_until_its_answer_says_that_it_has(answer: bytes, expected: State) -> None:
    """It answers before, and is not ready."""
    assert asyncio.run(asked("http", lambda _: answer, "\ntook ")) is expected
