"""How far kept measures and marts are behind what lands, and what it costs to bring them up to date."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil

from analytics.semantic.kept_log import refreshes
from analytics.semantic.pieces import kept_tables
from mesh.kernel.clock import now

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.semantic.model import Model
    from benchmarks.processes import Tree

_LOOK = 2.0  # seconds between two looks at how far kept measures are behind


class Lag:
    """How far kept measures are behind what has landed, looked at again and again."""

    def __init__(self, client: Client, model: Model, timezone: str) -> None:
        self._client = client
        self._tables = kept_tables(model, timezone)
        self._began = now()
        self._looked = 0.0
        self.most: dict[str, float] = {}

    def is_known(self) -> bool:
        """Whether each was refreshed since this began to look."""
        found = refreshes(self._client)
        return all(
            table in found and found[table].started_at >= self._began for table in self._tables.values()
        )

    def look(self) -> None:
        """Note how far each is behind, unless that was done just before."""
        if time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        found = refreshes(self._client)
        for name, table in self._tables.items():
            behind = (now() - found[table].started_at).total_seconds()
            self.most[name] = max(self.most.get(name, 0.0), round(behind, 1))


class Refreshing:
    """The refresh of all marts that goes on while people ask: how long it took, and what is used after it."""

    def __init__(self, tree: Tree, used: Callable[[], float]) -> None:
        self._tree = tree
        self._used = used
        self._begun = self._since = time.monotonic()
        self._seconds = self._before = 0.0

    def look(self) -> None:
        """Note when it has ended."""
        if not self._seconds and self._tree.ended:
            self._since, self._before = time.monotonic(), self._used()
            self._seconds = self._since - self._begun

    @property
    def is_done(self) -> bool:
        """Whether it has been seen to have ended."""
        return bool(self._seconds)

    def told(self) -> float | str:
        """Its seconds, or why it is not done."""
        if not self._seconds:
            return "still under way when the measurement ended"
        return round(self._seconds, 1) if self._tree.exit_code == 0 else self._tree.last_words()

    def share_after(self) -> float | None:
        """The share of all processors that was used since it ended; None where it has not."""
        took = time.monotonic() - self._since
        return (self._used() - self._before) / took / (psutil.cpu_count() or 1) if self._seconds else None

    def by_mart(self) -> dict[str, float]:
        """The seconds of each mart that had changed, by what the command printed."""
        said = (line for line in self._tree.log.read_text(errors="replace").splitlines() if line[:1] == "{")
        found = (json.loads(line) for line in said)
        return {one["mart"]: one["seconds"] for one in found if one.get("seconds")}
