"""Runs kept in the warehouse: what each learned, from what, by what, and who was in which segment.

A run is written down before anything is told of it, and once more when all is told, so one that was cut
short is known. A week may have several runs: where facts of it came late, the next one has another digest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import kept_runs
from analytics.profile.bins import Bins
from analytics.segments.features import FIRST_NAMES, Features
from analytics.segments.learning import Learned, Segment
from analytics.segments.tables import ADDED, ASSIGNED, RUNS, SEGMENTS, SKIPPED, TABLES
from analytics.segments.week import Week

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_WHERE = "WHERE monday = {monday:Date32} AND number = {number:UInt32}"


@dataclass(frozen=True)
class Run:
    """A run by its place among all; later weeks come later, and of one week the higher number."""

    week: Week
    number: int
    digest: str
    data_digest: str
    assigned_digest: str
    before: str
    """Digest of the run whose segments it continues; empty for the first."""
    ended: bool
    told: int | None
    """Events published; None: not told, or not yet."""

    @property
    def rank(self) -> tuple[date, int]:
        """What runs are ordered by."""
        return self.week.monday, self.number


def set_up(client: Client) -> None:
    """Make the tables where they are missing, and their columns."""
    kept_runs.set_up(client, TABLES, ADDED)


def runs(client: Client) -> list[Run]:
    """All runs in their order."""
    rows = client.query(
        f"SELECT monday, number, digest, data_digest, assigned_digest, before, stage, told FROM {RUNS} "
        "ORDER BY monday, number"
    ).result_rows
    return [
        Run(Week(monday), number, digest, data, assigned, before, bool(stage), told)
        for monday, number, digest, data, assigned, before, stage, told in rows
    ]


def skipped(client: Client) -> set[Week]:
    """The weeks that were tried when they were due, and had no segments."""
    return {Week(monday) for (monday,) in client.query(f"SELECT monday FROM {SKIPPED}").result_rows}


def skip(client: Client, week: Week, code: str, began_at: datetime) -> None:
    """Write down that a week has no segments, and why."""
    row = [str(week), week.monday, code, began_at]
    client.insert(f"{SKIPPED}_v1", [row], ["week", "monday", "code", "began_at"])


def keep(
    client: Client, run: Run, learned: Learned, *, parameters: str, card: str, began_at: datetime
) -> None:
    """Write down a run that has begun or ended; the same again is one."""
    row: dict[str, Any] = {
        **_place(run),
        "digest": learned.digest,
        "data_digest": learned.data_digest,
        "assigned_digest": run.assigned_digest,
        "before": learned.before,
        "parameters": parameters,
        "customers": len(learned.assigned),
        "clusters": len(learned.segments),
        "silhouette": learned.silhouette,
        "silhouettes": dict(learned.silhouettes),
        "drift": dict(learned.drift),
        "scale": list(learned.scale),
        "bins": json.dumps({name: [one.marks, one.counts] for name, one in learned.bins.items()}),
        "card": card,
        "began_at": began_at,
        "stage": int(run.ended),
        "told": run.told,
        "features": list(learned.names),
    }
    client.insert(f"{RUNS}_v1", [list(row.values())], list(row))


def keep_segments(client: Client, run: Run, learned: Learned, features: Features) -> None:
    """Write down a run's segments, who is in which, and by which features; the same again is one."""
    place = list(_place(run).values())
    client.insert(
        f"{SEGMENTS}_v1",
        [
            [
                *place,
                one.name,
                one.described,
                int(one.continues),
                one.customers,
                dict(one.medians),
                [*one.centre],
            ]
            for one in learned.segments
        ],
        [*_place(run), "segment", "described", "continues", "customers", "medians", "centre"],
    )
    client.insert(
        f"{ASSIGNED}_v1",
        [
            [*place, customer, segment, values]
            for (customer, segment), values in zip(
                learned.assigned.items(), features.values.tolist(), strict=True
            )
        ],
        [*_place(run), "customer_id", "segment", "features"],
    )


def read(client: Client, run: Run) -> Learned:
    """What a run learned, as it was kept."""
    row = client.query(
        f"SELECT silhouettes, scale, bins, drift, features FROM {RUNS} {_WHERE}", parameters=_at(run)
    ).result_rows[0]
    silhouettes, scale, bins, drift, features = row
    names = tuple(features) or FIRST_NAMES
    segments = client.query(
        f"SELECT segment, described, continues, customers, medians, centre FROM {SEGMENTS} {_WHERE} "
        "ORDER BY customers DESC, segment",
        parameters=_at(run),
    ).result_rows
    assigned = client.query(
        f"SELECT customer_id, segment FROM {ASSIGNED} {_WHERE} ORDER BY customer_id", parameters=_at(run)
    ).result_rows
    return Learned(
        run.week,
        run.digest,
        run.data_digest,
        run.before,
        names,
        dict(silhouettes),
        tuple(scale),
        {name: Bins(tuple(marks), tuple(counts), 0) for name, (marks, counts) in json.loads(bins).items()},
        {name: drift[name] for name in names if name in drift},
        tuple(
            Segment(name, now, bool(continues), customers, medians, tuple(centre))
            for name, now, continues, customers, medians, centre in segments
        ),
        dict(assigned),
    )


def features(client: Client, run: Run) -> Features | None:
    """What a run was learned from; None where that was not kept yet."""
    names, rows = (
        client.query(sql, parameters=_at(run)).result_rows
        for sql in (
            f"SELECT features FROM {RUNS} {_WHERE}",
            f"SELECT customer_id, features FROM {ASSIGNED} {_WHERE} ORDER BY customer_id",
        )
    )
    ((found,),) = names
    if not found:
        return None
    values = np.array([row for _, row in rows], dtype=np.float64).reshape(len(rows), len(found))
    return Features(run.week, tuple(str(customer) for customer, _ in rows), values, tuple(found))


def parameters(client: Client, run: Run) -> str:
    """By what a run was learned, as it was kept."""
    asked = f"SELECT parameters FROM {RUNS} {_WHERE}"
    return str(client.query(asked, parameters=_at(run)).result_rows[0][0])


def told(client: Client) -> dict[str, str]:
    """The segment of each customer as it has been told last, by runs that ended and were told."""
    rows = client.query(
        f"SELECT a.customer_id, argMax(a.segment, (a.monday, a.number)) FROM {ASSIGNED} AS a "
        f"INNER JOIN (SELECT monday, number FROM {RUNS} WHERE stage = 1 AND told IS NOT NULL) AS r "
        "ON r.monday = a.monday AND r.number = a.number GROUP BY a.customer_id"
    ).result_rows
    return dict(rows)


def _place(run: Run) -> dict[str, Any]:
    return {"week": str(run.week), "monday": run.week.monday, "number": run.number}


def _at(run: Run) -> dict[str, Any]:
    return {"monday": run.week.monday.isoformat(), "number": run.number}
