"""Keeps ``mesh.incidents`` in the warehouse as the pager knows it; the journal stays the truth.

Every state of an incident is a row, the newest one holds. After an outage, and at the start, the warehouse is
asked which states it has, and gets the others: nothing has to be remembered here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from mesh.kernel.errors import MeshError
from mesh.kernel.settings import Settings
from mesh.kernel.warehouse import connect
from observability.pager.book import Book
from observability.pager.entry import Outcome
from observability.pager.incident import Incident

log = logging.getLogger("mesh.pager")

TABLE = "mesh.incidents_v1"
TIMEOUT = 10.0
"""Seconds that the warehouse may take."""
PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before the next attempt while it is away."""
COLUMNS = (
    "id", "revision", "name", "type", "severity", "domain", "product", "part", "owner", "receiver", "summary",
    "description", "action", "runbook", "labels", "fired_at", "received_at", "acknowledged_at",
    "acknowledged_by", "note", "resolved_at", "channels", "undelivered",
)  # fmt: skip


class Archive:
    """Writes incidents to the warehouse as they change; it never keeps a page back."""

    def __init__(self, settings: Settings, book: Book) -> None:
        self._settings = settings
        self._book = book
        self._client: Client | None = None
        self._waiting: dict[str, Incident] = {}
        self._news = asyncio.Event()

    def changed(self, incident: Incident) -> None:
        """An incident has a new state."""
        self._waiting[incident.id] = incident
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled."""
        pause = PAUSE
        while True:
            self._news.clear()
            try:
                await self._write()
                pause = PAUSE
            except (ClickHouseError, MeshError, OSError) as error:
                if pause == PAUSE:
                    log.warning("incidents do not reach the warehouse, trying again: %s", _line(error))
                self._client = None
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                await self._news.wait()

    async def _write(self) -> None:
        if self._client is None:
            client = await asyncio.to_thread(connect, self._settings, timeout=TIMEOUT)
            known = await asyncio.to_thread(_revisions, client)
            self._waiting |= {
                one.id: one for one in self._book if micros(one.revision) > known.get(one.id, 0)
            }
            self._client = client
        batch = dict(self._waiting)
        if batch:
            rows = [row(incident) for incident in batch.values()]
            await asyncio.to_thread(self._client.insert, TABLE, rows, column_names=COLUMNS)
        for name, incident in batch.items():
            if self._waiting[name] is incident:
                del self._waiting[name]


def row(incident: Incident) -> list[Any]:
    """The row of an incident's state, in the order of :data:`COLUMNS`."""
    derived = {
        "revision": micros(incident.revision),
        "labels": dict(incident.labels),
        "channels": _channels(incident, Outcome.DELIVERED),
        "undelivered": _channels(incident, Outcome.WAITING, Outcome.FAILED),
    }
    return [derived[name] if name in derived else getattr(incident, name) for name in COLUMNS]


def micros(moment: datetime) -> int:
    """A moment as microseconds since 1970-01-01 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _channels(incident: Incident, *outcomes: Outcome) -> list[str]:
    return sorted({page.route.channel for page in incident.pages if page.outcome in outcomes})


def _revisions(client: Client) -> dict[str, int]:
    rows: Iterable[tuple[str, int]] = client.query(
        f"SELECT id, max(revision) FROM {TABLE} GROUP BY id"
    ).result_rows
    return dict(rows)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
