"""Brings marts up to date: what has changed since the last time is worked out, what differs is written."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from analytics.marts import closing, history, scope
from analytics.marts.closing import CLOSINGS, POSTINGS
from analytics.marts.day import span
from analytics.marts.history import Refreshed
from analytics.marts.marks import Marks, changed, read_marks
from analytics.marts.relation import CUSTOMER, Library, Mart
from analytics.marts.statement import SCOPE, query
from analytics.marts.table import Rows
from mesh.kernel.discovery import Mesh

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class Refresh:
    """One run over some marts."""

    def __init__(self, client: Client, library: Library, mesh: Mesh, timezone: str) -> None:
        self._client = client
        self._library = library
        self._timezone = timezone
        self._tables = {
            str(port.view): str(port.physical_table) for port in mesh.ports.values() if port.physical_table
        }
        self._tables |= {name: name for name in (CLOSINGS, POSTINGS)}
        for statement in (*history.SET_UP, *scope.SET_UP):
            client.command(statement)
        closing.set_up(client)
        self._last = history.last(client)
        self.as_of = span(client, timezone)[1]

    def run(self, mart: Mart, now: datetime, *, whole: bool = False) -> Refreshed | None:
        """Bring one mart up to date; None where nothing has changed. ``whole`` works out every row."""
        digest = self._library.digest(mart, self._timezone)
        last = self._last.get(mart.name)
        if last is not None and last.digest != digest:
            last = None
        views = self._library.views(mart)
        marks = read_marks(self._client, {view: self._tables[view] for view in views})
        if last and not whole and last.as_of == self.as_of and not changed(last.marks, marks):
            return None
        rows = Rows(self._client, mart, digest)
        number = self._number(mart)
        parameters = {"as_of": self.as_of.isoformat(), "timezone": self._timezone}
        customers = 0
        if last is None:
            rows.create(query(self._library, mart), parameters)
        scoped = last is not None and not whole and self._is_scoped(mart, last, marks)
        if scoped:
            assert last is not None
            customers = self._fill(mart, last, marks)
        recomputed = rows.draft(query(self._library, mart, scoped=scoped), parameters)
        written, gone = rows.put(number, f"{CUSTOMER} IN (SELECT {CUSTOMER} FROM {SCOPE})" if scoped else "1")
        if last is None:
            rows.show()
        done = Refreshed(
            mart.name,
            number,
            now,
            self.as_of,
            self._timezone,
            digest,
            rows.name,
            "customers" if scoped else "whole",
            customers,
            recomputed,
            written,
            gone,
            marks,
        )
        history.keep(self._client, done)
        self._last[mart.name] = done
        return done

    def _number(self, mart: Mart) -> int:
        last = self._last.get(mart.name)
        return last.number + 1 if last else 1

    def _is_scoped(self, mart: Mart, last: Refreshed, marks: Marks) -> bool:
        """Whether it is known whom all that has landed concerns; a clock never goes back but by a purge."""
        return (
            mart.by_customer
            and last.as_of <= self.as_of
            and not scope.is_everybody(self._library, mart, last.marks, marks)
        )

    def _fill(self, mart: Mart, last: Refreshed, marks: Marks) -> int:
        days: dict[str, str | date] = {
            "was": last.as_of.isoformat(),
            "as_of": self.as_of.isoformat(),
            "timezone": self._timezone,
        }
        return scope.fill(self._client, self._library, mart, last.marks, marks, self._tables, days)
