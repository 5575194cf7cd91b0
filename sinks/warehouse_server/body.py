"""A request's body: read whole before anything is executed, capped, decompressed.

Half a body must insert nothing, so execution waits for the end. The caps hold for the compressed and for the
decompressed size, and all bodies together have a budget.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import lz4.frame
import zstandard

from sinks.warehouse_server.errors import ClickHouseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from sinks.warehouse_server.config import Limits

    Receive = Callable[[], Awaitable[dict[str, Any]]]

_PIECE: Final = 4096
_PATIENCE: Final = 1 << 30
_DECODERS: Final[dict[str, Callable[[], Any]]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": lambda: zlib.decompressobj(15),
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "lz4": lz4.frame.LZ4FrameDecompressor,
}


class ClientGoneError(Exception):
    """The client hung up before its request was complete: nothing has been executed."""


SMALL: Final = 16 << 20
"""A body up to this size shares the room of small bodies; a larger one takes a place of its own."""


class Room:
    """Bytes of bodies held at a time. A body that grows over :data:`SMALL` waits for one of the large places.

    Large places are never waited for by their holders, so waiting bodies cannot block each other for good.
    """

    def __init__(self, limits: Limits) -> None:
        self._free = limits.small_bodies
        self._changed = asyncio.Condition()
        self._large = asyncio.Semaphore(limits.large_bodies)

    @asynccontextmanager
    async def body(self, declared: int | None) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Hold room for a body of ``declared`` bytes, or unknown length; yields what its growth awaits."""
        small = SMALL if declared is None else min(declared, SMALL)
        large = False

        async def grow(size: int) -> None:
            nonlocal large
            if size > SMALL and not large:
                await self._large.acquire()
                large = True

        async with self._changed:
            await self._changed.wait_for(lambda: self._free >= small)
            self._free -= small
        try:
            await grow(declared or 0)
            yield grow
        finally:
            if large:
                self._large.release()
            async with self._changed:
                self._free += small
                self._changed.notify_all()


def too_large(limit: int) -> ClickHouseError:
    """The answer to a body over the cap."""
    return ClickHouseError(
        307,
        f"Request body is larger than {limit} bytes (limit of this warehouse); send smaller blocks",
        "TOO_MANY_BYTES",
        status=413,
    )


async def read_body(receive: Receive, limit: int, grow: Callable[[int], Awaitable[None]]) -> bytes:
    """The whole body; :class:`ClientGoneError` when it ends early, ``TOO_MANY_BYTES`` over the limit.

    What is over the limit is read and dropped, since many clients only look for an answer once they have sent
    everything; after :data:`_PATIENCE` bytes the connection is cut.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            await grow(size)
            parts.append(part)
        else:
            parts.clear()
        if size > limit + _PATIENCE or (size > limit and not message.get("more_body")):
            raise too_large(limit)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a Content-Encoding; raise when it is unknown, broken, or more than ``limit`` bytes come out."""
    if encoding in ("", "identity"):
        return body
    decoder = _DECODERS.get(encoding)
    if decoder is None:
        raise ClickHouseError(48, f"Unknown compression method: {encoding}", "NOT_IMPLEMENTED")
    parts: list[bytes] = []
    size = 0
    try:
        for part in _decoded(body, decoder):
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
    except (zlib.error, zstandard.ZstdError, EOFError, RuntimeError) as error:
        raise ClickHouseError(
            271, f"Cannot decompress {encoding} body: {error}", "CANNOT_DECOMPRESS"
        ) from None
    return b"".join(parts)


def _decoded(body: bytes, make: Callable[[], Any]) -> Iterator[bytes]:
    """Frame after frame, in pieces so small that a bomb is noticed early; a cut frame is an error."""
    decoder = make()
    complete = True
    for start in range(0, len(body), _PIECE):
        piece = body[start : start + _PIECE]
        while piece:
            yield decoder.decompress(piece)
            complete = decoder.eof
            piece = decoder.unused_data if complete else b""
            if complete:
                decoder = make()
    if not complete:
        raise EOFError("it ends too early")


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
