"""Brings marts up to date: what has changed since the last time is worked out, what differs is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.marts import closing, history, kept, scope
from analytics.marts.closing import CLOSINGS, POSTINGS
from analytics.marts.day import span
from analytics.marts.history import Refreshed
from analytics.marts.kept import Keeper, Stand, Standing
from analytics.marts.marks import Marks, changed, read_marks
from analytics.marts.relation import CUSTOMER, Ground, Library, Mart
from analytics.marts.statement import SCOPE, query
from analytics.marts.table import Rows
from analytics.marts.worked import Workings
from mesh.kernel.discovery import Mesh

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_KINDS = {"from sums": "sums", "from marts": "marts", "whole": "whole"}
"""What is told of a refresh, by what the mart's header says."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one refresh of a mart or of a kept ground took, and what came of it."""

    scope: str
    """whole, customers, sums, marts, or of a kept ground facts."""
    recomputed: int
    """Rows worked out."""
    written: int = 0
    gone: int = 0
    total: int | None = None
    """Rows that there are since; None where nobody counts them."""
    customers: int = 0
    """Who were worked out anew, where not everybody was."""
    facts: int = 0
    """That were worked out anew."""


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
        standing, facts = self._beneath(mart, now, whole=whole)
        beneath = {name: one.whole for name, one in standing.items()}
        rows = Rows(self._client, mart, digest)
        number = self._number(mart.name)
        if last is None:
            rows.create(query(self._library, mart, standing=beneath), self._parameters)
        if mart.by_customer:
            scoped = last if not whole and self._is_scoped(mart, last, marks) else None
            work = self._by_customer(mart, rows, number, scoped, marks, standing)
        else:
            recomputed = rows.draft(query(self._library, mart, standing=beneath), self._parameters)
            written, gone = rows.put(number)
            kind = "whole" if whole else _KINDS[mart.header.refresh]
            work = Work(
                kind, recomputed, written, gone, total=recomputed, facts=facts if kind == "sums" else 0
            )
        if last is None:
            rows.show()
        done = self._done(mart.name, now, digest, rows.name, marks, work)
        if last is not None:
            rows.settle(work.written + work.gone, work.total or 0)
        return done

    def close(self) -> None:
        """Drop what was worked out for this run alone."""
        self._workings.clear()

    def _done(self, name: str, now: datetime, digest: str, table: str, marks: Marks, work: Work) -> Refreshed:
        """Write down what a refresh has done, for the next one and for people."""
        done = Refreshed(
            mart=name,
            number=self._number(name),
            started_at=now,
            as_of=self.as_of,
            timezone=self._timezone,
            digest=digest,
            rows_table=table,
            scope=work.scope,
            customers=work.customers,
            facts=work.facts,
            recomputed=work.recomputed,
            written=work.written,
            gone=work.gone,
            total=work.total,
            marks=marks,
        )
        history.keep(self._client, done)
        self._last[name] = done
        return done

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

    def _is_scoped(self, mart: Mart, last: Refreshed | None, marks: Marks) -> bool:
        """Whether it is known whom all that has landed concerns; a clock never goes back but by a purge."""
        return (
            last is not None
            and last.as_of <= self.as_of
            and not scope.is_everybody(self._library, mart, last.marks, marks)
        )

    def _by_customer(
        self,
        mart: Mart,
        rows: Rows,
        number: int,
        last: Refreshed | None,
        marks: Marks,
        standing: Mapping[str, Standing],
    ) -> Work:
        """Work out the rows of whom something concerns since the last refresh; without one, of everybody."""
        before = last.marks if last else {}
        was = (last.as_of if last else self.as_of).isoformat()
        customers = scope.find(
            self._client,
            self._library,
            mart,
            before,
            marks,
            self._tables,
            {**self._parameters, "was": was},
            "" if last else rows.name,
        )
        total = last.total if last and not rows.is_begun(number) else None
        recomputed = written = gone = old = 0
        in_scope = f"{CUSTOMER} IN (SELECT {CUSTOMER} FROM {SCOPE})"
        limited = query(
            self._library, mart, scoped=True, standing={name: one.scoped for name, one in standing.items()}
        )
        for _ in scope.stretches(self._client, customers):
            old += rows.count(in_scope) if total is not None else 0
            recomputed += rows.draft(limited, self._parameters)
            written, gone = rows.put(number, in_scope)
        if last is None:
            return Work("whole", recomputed, written, gone, total=recomputed)
        total = rows.count() if total is None else total + recomputed - old
        return Work("customers", recomputed, written, gone, total=total, customers=customers)

    def _beneath(self, mart: Mart, now: datetime, *, whole: bool) -> tuple[dict[str, Standing], int]:
        """What a mart reads that stands in tables, brought up to date; and how many facts that took."""
        standing: dict[str, Standing] = {}
        for name in mart.reads:
            other = self._library.relations[name]
            if isinstance(other, Mart):
                self.run(other, now)
                rows = f"SELECT * FROM {other.view}"
                of_some = f"{rows} WHERE {CUSTOMER} IN (SELECT {CUSTOMER} FROM {SCOPE})"
                standing[name] = Standing(rows, of_some if other.by_customer else rows)
        if mart.header.refresh == "whole":
            worked = self._workings.standing(mart)
            standing |= {name: Standing(rows, rows) for name, rows in worked.items()}
        used: dict[str, int] = {}
        if mart.from_sums or mart.by_customer:
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
        work = Work(scoped, due, facts=due)
        done = self._done(ground.name, now, digest, table, marks, work)
        self._keeper.clear(ground, table)
        self._kept[ground.name] = done
        return done
