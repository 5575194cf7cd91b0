"""Admission: writers, readers and monitors each have their own number of places."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from enum import Enum
from typing import TYPE_CHECKING

from sinks.warehouse_server.errors import ClickHouseError
from sinks.warehouse_server.tokens import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sinks.warehouse_server.config import Limits
    from sinks.warehouse_server.statements import Statement


class Lane(Enum):
    """Who waits for whom: each lane has its own limit."""

    WRITER = "writer"
    READER = "reader"
    MONITOR = "monitor"


_LOOKS = frozenset(("SHOW", "DESCRIBE", "DESC", "EXISTS", "KILL", "USE", "SET"))


def lane_of(statement: Statement) -> Lane:
    """Writers change something; monitors only look at the server itself; all others read."""
    if statement.first in _LOOKS:
        return Lane.MONITOR
    if not statement.is_query and statement.first not in ("EXPLAIN", "CHECK"):
        return Lane.WRITER
    return Lane.MONITOR if _reads_only_system(statement) else Lane.READER


def _reads_only_system(statement: Statement) -> bool:
    """Whether every FROM and JOIN names a table of ``system``, or a subquery that does."""
    tokens = statement.tokens
    listing = [False]  # per open parenthesis: whether a comma there would list another table
    for place, token in enumerate(tokens):
        if token.kind is Kind.SYMBOL:
            if token.value == "(":
                listing.append(False)
            elif token.value == ")" and len(listing) > 1:
                listing.pop()
            elif token.value == "," and listing[-1]:
                return False
        elif token.upper in ("FROM", "JOIN"):
            listing[-1] = True
            following = [item.value for item in tokens[place + 1 : place + 3]]
            if following != ["system", "."] and following[:1] != ["("]:
                return False
        elif token.upper in ("SELECT", "WHERE", "BY", "ON", "USING", "HAVING", "SETTINGS"):
            listing[-1] = False
    return True


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
