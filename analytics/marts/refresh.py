"""Brings marts up to date: what has changed since the last time is worked out, what differs is written."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from analytics.marts import closing, history, kept, scope
from analytics.marts.closing import CLOSINGS, POSTINGS
from analytics.marts.day import span
from analytics.marts.history import Refreshed
from analytics.marts.kept import Keeper, Stand
from analytics.marts.marks import Marks, changed, read_marks
from analytics.marts.relation import CUSTOMER, Ground, Library, Mart
from analytics.marts.statement import SCOPE, query
from analytics.marts.table import Rows
from analytics.marts.worked import Workings
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
        for statement in (*history.SET_UP, *scope.SET_UP, *kept.SET_UP):
            client.command(statement)
        closing.set_up(client)
        self._last = history.last(client)
        self.as_of = span(client, timezone)[1]
        self._parameters = {"as_of": self.as_of.isoformat(), "timezone": timezone}
        self._keeper = Keeper(client, library, self._tables, self._parameters)
        self._workings = Workings(client, library, self._parameters)
        self._kept: dict[str, Refreshed] = {}
        self._marks: Marks = {}
        self.waiting: set[str] = set()
        """Marts of which something has changed, and that were left as they are until the day has moved."""

    def run(self, mart: Mart, now: datetime, *, whole: bool = False, asked: bool = False) -> Refreshed | None:
        """Bring one mart up to date; None where nothing has changed, or where it waits for the day.

        ``whole`` works out every row. A mart that was ``asked`` for by its name does not wait.
        """
        digest = self._library.digest(mart, self._timezone)
        last = self._last.get(mart.name)
        if last is not None and last.digest != digest:
            last = None
        marks = self._landed(mart)
        if last and not whole and last.as_of == self.as_of and not changed(last.marks, marks):
            return None
        if last and not whole and not asked and mart.header.every == "day" and last.as_of == self.as_of:
            self.waiting.add(mart.name)
            return None
        rows = Rows(self._client, mart, digest)
        number = self._number(mart.name)
        customers = 0
        worked = self._workings.standing(mart) if whole or mart.header.refresh == "whole" else {}
        if last is None:
            rows.create(query(self._library, mart, standing=worked), self._parameters)
        scoped = last is not None and not whole and self._is_scoped(mart, last, marks)
        if scoped:
            assert last is not None
            customers = self._fill(mart, last, marks)
        standing, facts = worked, 0
        if mart.from_sums:
            standing, facts = self._added_up(mart, now, whole=whole)
        elif mart.from_marts and not whole:
            standing = self._read(mart, now)
        recomputed = rows.draft(
            query(self._library, mart, scoped=scoped, standing=worked if whole else standing),
            self._parameters,
        )
        written, gone = rows.put(number, f"{CUSTOMER} IN (SELECT {CUSTOMER} FROM {SCOPE})" if scoped else "1")
        if last is None:
            rows.show()
        if whole:
            kind = "whole"
        elif scoped:
            kind = "customers"
        else:
            kind = "sums" if mart.from_sums else "marts" if mart.from_marts else "whole"
        done = Refreshed(
            mart.name,
            number,
            now,
            self.as_of,
            self._timezone,
            digest,
            rows.name,
            kind,
            customers,
            facts if kind == "sums" else 0,
            recomputed,
            written,
            gone,
            marks,
        )
        self._keep(done)
        return done

    def close(self) -> None:
        """Drop what was worked out for this run alone."""
        self._workings.clear()

    def _keep(self, done: Refreshed) -> None:
        history.keep(self._client, done)
        self._last[done.mart] = done

    def _number(self, name: str) -> int:
        last = self._last.get(name)
        return last.number + 1 if last else 1

    def _landed(self, relation: Mart | Ground) -> Marks:
        """How far the tables of a mart or ground had landed when this run first looked."""
        views = self._library.views(relation)
        before = [one.marks for one in self._last.values()]
        for view in views:
            if view not in self._marks:
                known: dict[int, int] = {}
                for marks in before:
                    for partition, offset in marks.get(view, {}).items():
                        known[partition] = max(offset, known.get(partition, offset))
                self._marks |= read_marks(self._client, {view: self._tables[view]}, {view: known})
        return {view: self._marks[view] for view in views}

    def _is_scoped(self, mart: Mart, last: Refreshed, marks: Marks) -> bool:
        """Whether it is known whom all that has landed concerns; a clock never goes back but by a purge."""
        return (
            mart.by_customer
            and last.as_of <= self.as_of
            and not scope.is_everybody(self._library, mart, last.marks, marks)
        )

    def _fill(self, mart: Mart, last: Refreshed, marks: Marks) -> int:
        days: dict[str, str | date] = {**self._parameters, "was": last.as_of.isoformat()}
        return scope.fill(self._client, self._library, mart, last.marks, marks, self._tables, days)

    def _read(self, mart: Mart, now: datetime) -> dict[str, str]:
        """Queries of the marts that a mart reads, which are brought up to date."""
        standing = {}
        for name in mart.reads:
            other = self._library.relations[name]
            if isinstance(other, Mart):
                self.run(other, now)
                standing[name] = f"SELECT * FROM {other.view}"
        return standing

    def _added_up(self, mart: Mart, now: datetime, *, whole: bool) -> tuple[dict[str, str], int]:
        """Queries of the sums that a mart reads, brought up to date; and how many facts that took."""
        standing: dict[str, str] = {}
        used: dict[str, int] = {}
        for ground in self._library.grounds(mart):
            if ground.header.sums:
                (name,) = ground.reads
                base = self._library.relations[name]
                assert isinstance(base, Ground)
                done = self._brought(base, now, whole=whole)
                used[name] = done.facts
                standing[ground.name] = self._keeper.standing(ground, done.rows_table)
        return standing, sum(used.values())

    def _brought(self, ground: Ground, now: datetime, *, whole: bool) -> Refreshed:
        """Bring a kept ground up to date, once a run."""
        if ground.name in self._kept:
            return self._kept[ground.name]
        marks, number = self._landed(ground), self._number(ground.name)
        last = self._last.get(ground.name)
        digest = self._library.digest(ground, self._timezone)
        due = None
        if last and last.digest == digest and not whole and self._keeper.is_there(last.rows_table):
            due = self._keeper.update(
                ground, Stand(last.number, last.as_of, last.rows_table, last.marks), marks
            )
        if last and due is not None:
            table, scoped = last.rows_table, "facts"
        else:
            table, due = self._keeper.build(ground, number)
            scoped = "whole"
        done = Refreshed(
            ground.name,
            number,
            now,
            self.as_of,
            self._timezone,
            digest,
            table,
            scoped,
            0,
            due,
            due,
            0,
            0,
            marks,
        )
        self._keep(done)
        self._keeper.clear(ground, table)
        self._kept[ground.name] = done
        return done
