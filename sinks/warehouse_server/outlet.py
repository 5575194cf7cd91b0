"""The bridge from a worker thread to the event loop: bounded, so a slow client slows only its own query.

Waking the event loop costs as much as a small query, so what is small crosses together, at the end.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sinks.warehouse_server.errors import ClickHouseError

_PIECES: Final = 8
_TOGETHER: Final = 1 << 16


class QueueOutlet:
    """Written by one worker thread, read by the event loop in batches of (kind, item): head, data, end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[list[tuple[str, Any]]] = asyncio.Queue()
        self._waiting: list[tuple[str, Any]] = []
        self._size = 0
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
        self._waiting.append(("head", (form, summary)))

    def data(self, piece: bytes) -> bool:
        """Hand over a piece; waits while the client is behind; False once nobody reads."""
        if not self._room.acquire(blocking=False):
            self._cross()
            while not self._room.acquire(timeout=0.5):
                if self.closed:
                    return False
        self._waiting.append(("data", piece))
        self._size += len(piece)
        if self._size >= _TOGETHER:
            self._cross()
        return not self.closed

    def end(self, error: ClickHouseError | None) -> None:
        """The answer is complete, or has failed."""
        self._ended.set()
        self._waiting.append(("end", error))
        self._cross()

    def close(self) -> None:
        """Nobody reads any more: the worker may stop."""
        self._closed.set()
        self._room.release()

    async def batches(self) -> AsyncIterator[list[tuple[str, Any]]]:
        """What the worker hands over, until its end."""
        while True:
            batch = await self._queue.get()
            for kind, _ in batch:
                if kind == "data":
                    self._room.release()
            yield batch
            if batch[-1][0] == "end":
                return

    def _cross(self) -> None:
        batch, self._waiting, self._size = self._waiting, [], 0
        self._loop.call_soon_threadsafe(self._queue.put_nowait, batch)
