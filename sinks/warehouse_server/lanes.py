"""Admission: writers, readers and monitors each have their own number of places."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.statements import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sinks.warehouse_server.config import Limits


class Lanes:
    """The places of each lane; a long report can hold up other reports, never an insert or a health check."""

    def __init__(self, limits: Limits) -> None:
        self._places = {
            Lane.WRITER: limits.writers,
            Lane.READER: limits.readers,
            Lane.MONITOR: limits.monitors,
        }
        self._free = {lane: asyncio.Semaphore(count) for lane, count in self._places.items()}
        self._wait = limits.wait_seconds

    @asynccontextmanager
    async def place(self, lane: Lane) -> AsyncIterator[None]:
        """Hold a place of ``lane``; raise ``TOO_MANY_SIMULTANEOUS_QUERIES`` after waiting in vain."""
        try:
            async with asyncio.timeout(self._wait):
                await self._free[lane].acquire()
        except TimeoutError:
            raise ClickHouseError(
                202,
                f"Too many simultaneous queries. Maximum: {self._places[lane]} {lane.value}s, "
                f"none was free for {self._wait:g} s",
                "TOO_MANY_SIMULTANEOUS_QUERIES",
            ) from None
        try:
            yield
        finally:
            self._free[lane].release()
