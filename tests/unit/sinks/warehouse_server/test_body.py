"""Bodies: whole, capped, decompressed."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import lz4.frame
import pytest
import zstandard

from sinks.warehouse_server.body import (
    SMALL,
    ClientGoneError,
    Room,
    decompress,
    parts_of_form,
    read_body,
)
from sinks.warehouse_server.config import Limits
from sinks.warehouse_server.errors import ClickHouseError


def messages(*parts: bytes, gone: bool = False) -> Callable[[], Awaitable[dict[str, Any]]]:
    """A client that sends ``parts`` and ends, or goes."""
    queue: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    queue.append({"type": "http.disconnect"} if gone else {"type": "http.request", "body": b""})

    async def receive() -> dict[str, Any]:
        return queue.pop(0)

    return receive


async def no_growth(size: int) -> None:
    """Room without limit."""


def read(receive: Callable[[], Awaitable[dict[str, Any]]], limit: int) -> bytes:
    """The body that ``receive`` brings."""
    return asyncio.run(read_body(receive, limit, no_growth))


def test_a_body_is_read_whole() -> None:
    """All parts, in order."""
    assert read(messages(b"ab", b"", b"c"), 10) == b"abc"


def test_half_a_body_is_none() -> None:
    """A client that goes before the end has sent nothing."""
    with pytest.raises(ClientGoneError):
        read(messages(b"ab", gone=True), 10)


def test_too_large_a_body_is_refused_when_it_has_been_read() -> None:
    """413, and the rest of the request is taken off the connection first."""
    receive = messages(b"x" * 8, b"x" * 8)
    with pytest.raises(ClickHouseError) as caught:
        read(receive, 10)
    assert (caught.value.code, caught.value.status) == (307, 413)


PLAIN = b"some rows\n" * 100_000


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", PLAIN),
        ("identity", PLAIN),
        ("gzip", gzip.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN)),
        ("zstd", zstandard.ZstdCompressor().compress(PLAIN)),
        ("lz4", lz4.frame.compress(PLAIN)),
    ],
)
def test_compression_is_undone_within_the_cap(encoding: str, packed: bytes) -> None:
    """The same bytes come out; more than the cap never does; a cut body is an error."""
    assert decompress(packed, encoding, len(PLAIN)) == PLAIN
    if packed is PLAIN:
        return
    assert decompress(packed * 2, encoding, 2 * len(PLAIN)) == PLAIN * 2
    with pytest.raises(ClickHouseError) as bomb:
        decompress(packed, encoding, len(PLAIN) - 1)
    assert bomb.value.status == 413
    with pytest.raises(ClickHouseError) as cut:
        decompress(packed[: len(packed) // 2], encoding, len(PLAIN))
    assert cut.value.code == 271


def test_large_bodies_wait_for_each_other() -> None:
    """No more than the given number of large bodies is held; small ones pass meanwhile."""

    async def work() -> None:
        room = Room(Limits(large_bodies=1, small_bodies=4 * SMALL))
        held = asyncio.Event()
        release = asyncio.Event()

        async def hold() -> None:
            async with room.body(None) as grow:
                await grow(SMALL + 1)
                held.set()
                await release.wait()

        first = asyncio.create_task(hold())
        await held.wait()
        async with room.body(100):
            pass
        second = asyncio.create_task(hold())
        held.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(held.wait(), 0.05)
        release.set()
        await asyncio.wait_for(asyncio.gather(first, second), 1)

    asyncio.run(work())


def test_parts_of_a_form() -> None:
    """Fields and files, values untouched."""
    body = (
        b'--B\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="x"; filename="x.csv"\r\n\r\n1\r\n\r\n--B--\r\n'
    )
    assert list(parts_of_form(body, "multipart/form-data; boundary=B")) == [
        ("query", b"SELECT 1", False),
        ("x", b"1\r\n", True),
    ]
