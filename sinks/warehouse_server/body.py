"""A request's body: read whole before anything is executed, capped, decompressed.

Half a body must insert nothing, so execution waits for the end. The caps hold for the compressed and for the
decompressed size, and all bodies together have a budget.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

import lz4.frame
import zstandard

from sinks.warehouse_server.errors import ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_CHUNK: Final = 1 << 20


class ClientGoneError(Exception):
    """The client hung up before its request was complete: nothing has been executed."""


class Budget:
    """Bytes of bodies held at a time; a request waits until there is room for what it declares."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._changed = asyncio.Condition()

    async def take(self, size: int) -> None:
        """Wait for ``size`` bytes of room."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._free >= size)
            self._free -= size

    async def give(self, size: int) -> None:
        """Give ``size`` bytes back."""
        async with self._changed:
            self._free += size
            self._changed.notify_all()


def too_large(limit: int) -> ClickHouseError:
    """The answer to a body over the cap."""
    return ClickHouseError(
        307,
        f"Request body is larger than {limit} bytes (limit of this warehouse); send smaller blocks",
        "TOO_MANY_BYTES",
        status=413,
    )


async def read_body(receive: Callable[[], Awaitable[dict[str, Any]]], limit: int) -> bytes:
    """The whole body; raise :class:`ClientGoneError` when it ends early, ``TOO_MANY_BYTES`` over the limit."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a Content-Encoding; raise when it is unknown, broken, or more than ``limit`` bytes come out."""
    if encoding in ("", "identity"):
        return body
    try:
        if encoding == "zstd":
            parts = _capped(zstandard.ZstdDecompressor().read_to_iter(body, write_size=_CHUNK), limit)
        elif encoding == "lz4":
            parts = _capped(_lz4(body, limit), limit)
        elif encoding in ("gzip", "x-gzip"):
            parts = _capped(_zlib(body, 31, limit), limit)
        elif encoding == "deflate":
            parts = _capped(_zlib(body, 15, limit), limit)
        else:
            raise ClickHouseError(48, f"Unknown compression method: {encoding}", "NOT_IMPLEMENTED")
        return b"".join(parts)
    except (zlib.error, gzip.BadGzipFile, EOFError, RuntimeError, zstandard.ZstdError) as error:
        raise ClickHouseError(
            271, f"Cannot decompress {encoding} body: {error}", "CANNOT_DECOMPRESS"
        ) from None


def _capped(parts: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise too_large(limit)
        yield part


def _lz4(body: bytes, limit: int) -> Iterator[bytes]:
    stream = lz4.frame.LZ4FrameDecompressor()
    yield stream.decompress(body, max_length=limit + 1)
    if not stream.eof and stream.needs_input:
        raise EOFError("the frame is not complete")


def _zlib(body: bytes, window: int, limit: int) -> Iterator[bytes]:
    stream = zlib.decompressobj(window)
    yield stream.decompress(body, limit + 1)
    if not stream.eof and not stream.unconsumed_tail:
        raise EOFError("the stream is not complete")


def parts_of_form(body: bytes, content_type: str) -> Iterator[tuple[str, bytes, bool]]:
    """The parts of a multipart form: name, value, and whether it came as a file."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None:
        raise ClickHouseError(36, "multipart/form-data without boundary", "BAD_ARGUMENTS")
    mark = b"--" + boundary.group(1).encode("latin-1")
    for part in body.split(mark)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name is not None:
            yield name.group(1).decode("utf-8", "replace"), value.removesuffix(b"\r\n"), b"filename=" in head
