"""Health checks: does a part answer, in its own protocol, within two seconds?"""

from __future__ import annotations

import asyncio
import struct
from urllib.parse import urlsplit

import psutil

from mesh.platform.part import Health, State

PROBE_TIMEOUT = 2.0  # seconds
_METADATA, _VERSION, _CORRELATION = 3, 1, 7
_CLIENT = b"mesh-health"


async def state(health: Health) -> State:
    """Ready, recovering or unhealthy, by the answer that the part gives now; no answer is unhealthy."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            if health.kind == "kafka":
                return State.READY if await _kafka(health.target) else State.UNHEALTHY
            body = await _http(health.target, whole=bool(health.recovered))
    except (OSError, EOFError, ValueError, struct.error, TimeoutError):
        return State.UNHEALTHY
    if body is None:
        return State.UNHEALTHY
    return State.READY if health.recovered.encode() in body else State.RECOVERING


def serves(pid: int, health: Health) -> bool:
    """Whether it is this very process that listens where the check asks, and not one that took its port."""
    address = health.target if "//" in health.target else f"//{health.target}"
    try:
        listening = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    port = urlsplit(address).port
    return any(one.laddr.port == port and one.status == psutil.CONN_LISTEN for one in listening)


async def _http(url: str, *, whole: bool) -> bytes | None:
    """What a GET is answered with, without ``whole`` only that it is; None unless it is 200.

    Written on a bare socket, so that no proxy setting comes between.
    """
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        status = (await reader.readline()).split()
        if len(status) > 1 and status[1] == b"200":
            return await reader.read() if whole else b""
        return None
    finally:
        writer.close()


async def _kafka(address: str) -> bool:
    """A Metadata request that names at least one live broker and a controller.

    An open port is not enough: Kafka listens before the broker has been let into the cluster, and topics
    created in between fail. The request is small enough to be written by hand (Kafka protocol, Metadata v1,
    no topics), which keeps a client library and its threads out of the supervisor.
    """
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        request = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION, len(_CLIENT)) + _CLIENT
        request += struct.pack(">i", 0)
        writer.write(struct.pack(">i", len(request)) + request)
        await writer.drain()
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        return _names_a_broker(await reader.readexactly(size))
    finally:
        writer.close()


def _names_a_broker(response: bytes) -> bool:
    """Whether a Metadata v1 response lists a broker and a controller."""
    _, brokers = struct.unpack_from(">ii", response, 0)
    at = 8
    for _ in range(brokers):
        at += 4  # node id
        (length,) = struct.unpack_from(">h", response, at)
        at += 2 + length + 4  # host, port
        (length,) = struct.unpack_from(">h", response, at)
        at += 2 + max(length, 0)  # rack, -1 is none
    (controller,) = struct.unpack_from(">i", response, at)
    return brokers > 0 and bool(controller >= 0)
