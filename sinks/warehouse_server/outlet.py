"""The bridge from a worker thread to the event loop: bounded, so a slow client slows only its own query."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sinks.warehouse_server.errors import ClickHouseError

_PIECES: Final = 8


class QueueOutlet:
    """Written by one worker thread, read by the event loop as (kind, item): head, data, and one end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._room = threading.Semaphore(_PIECES)
        self._closed = threading.Event()
        self._ended = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether nobody reads any more."""
        return self._closed.is_set()

    @property
    def ended(self) -> bool:
        """Whether the worker has produced all there is."""
        return self._ended.is_set()

    def head(self, form: str | None, summary: dict[str, str]) -> None:
        """The answer begins."""
        self._put("head", (form, summary))

    def data(self, piece: bytes) -> bool:
        """Hand over a piece; waits while the client is behind; False once nobody reads."""
        while not self._room.acquire(timeout=0.5):
            if self.closed:
                return False
        self._put("data", piece)
        return not self.closed

    def end(self, error: ClickHouseError | None) -> None:
        """The answer is complete, or has failed."""
        self._ended.set()
        self._put("end", error)

    def close(self) -> None:
        """Nobody reads any more: the worker may stop."""
        self._closed.set()
        self._room.release()

    async def __aiter__(self) -> AsyncIterator[tuple[str, Any]]:
        while True:
            kind, item = await self._queue.get()
            if kind == "data":
                self._room.release()
            yield kind, item
            if kind == "end":
                return

    def _put(self, kind: str, item: Any) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, (kind, item))
