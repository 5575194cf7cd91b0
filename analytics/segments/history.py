"""Runs kept in the warehouse: what each learned, by what, and who was in which segment.

A run is written down before anything is told of it, and once more when all is told, so one that was cut
short is known. A week may have several runs: where facts of it came late, the next one has another digest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from analytics import kept_runs
from analytics.kept_runs import DATABASE
from analytics.profile.bins import Bins
from analytics.segments.features import NAMES
from analytics.segments.learning import Learned, Segment
from analytics.segments.week import Week

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

RUNS, SEGMENTS = f"{DATABASE}.segment_runs", f"{DATABASE}.segments"
ASSIGNED = f"{DATABASE}.segment_assignments"
TABLES = {
    RUNS: """(
    week LowCardinality(String) COMMENT 'Week in ISO 8601',
    monday Date32 COMMENT 'Its first day',
    number UInt32 COMMENT 'Number of the run of this week, from 1',
    digest String COMMENT 'SHA-256 of customers, parameters and the run before: one digest, one result',
    data_digest String COMMENT 'SHA-256 of the customers and their features',
    assigned_digest String COMMENT 'SHA-256 of who is in which segment',
    before String COMMENT 'Digest of the run whose segments were continued; empty for the first',
    parameters String COMMENT 'What decided beside the customers, with versions of libraries, as JSON',
    customers UInt64 COMMENT 'Customers who have ordered by the end of the week',
    clusters UInt8 COMMENT 'Segments',
    silhouette Float64 COMMENT 'How well customers fit their segments, 1 perfectly, of a sample',
    silhouettes Map(UInt8, Float64) COMMENT 'The same by number of segments that was tried',
    drift Map(String, Float64) COMMENT 'Population stability index against the run before, by feature',
    scale Array(Float64) COMMENT 'Standard deviations of the prepared features',
    bins String COMMENT 'Tenths of each feature, as JSON, for the drift of the next run',
    card String COMMENT 'Model card, Markdown',
    began_at DateTime64(6, 'UTC') COMMENT 'When it was run',
    stage UInt8 COMMENT '0 begun, 1 ended',
    told Nullable(UInt64) COMMENT 'Events that were published; null: a later week had been told already'
) ENGINE = ReplacingMergeTree(stage) ORDER BY (monday, number)""",
    SEGMENTS: """(
    week LowCardinality(String) COMMENT 'Week in ISO 8601',
    monday Date32 COMMENT 'Its first day',
    number UInt32 COMMENT 'Number of the run of this week',
    segment String COMMENT 'Name of the segment, the same from week to week',
    described String COMMENT 'What its customers do this week',
    continues UInt8 COMMENT 'Whether it was there in the run before',
    customers UInt64 COMMENT 'Customers in it',
    medians Map(String, Float64) COMMENT 'Median customer, by feature in its own unit',
    centre Array(Float64) COMMENT 'Centre in prepared features'
) ENGINE = ReplacingMergeTree ORDER BY (monday, number, segment)""",
    ASSIGNED: """(
    week LowCardinality(String) COMMENT 'Week in ISO 8601',
    monday Date32 COMMENT 'Its first day',
    number UInt32 COMMENT 'Number of the run of this week',
    customer_id String COMMENT 'Golden id',
    segment LowCardinality(String) COMMENT 'Segment of the customer'
) ENGINE = ReplacingMergeTree ORDER BY (monday, number, customer_id)""",
}
"""Columns, engine and order of each."""


@dataclass(frozen=True)
class Run:
    """A run by its place among all; later weeks come later, and of one week the higher number."""

    week: Week
    number: int
    digest: str
    assigned_digest: str
    ended: bool
    told: int | None
    """Events published; None: not told, or not yet."""

    @property
    def rank(self) -> tuple[date, int]:
        """What runs are ordered by."""
        return self.week.monday, self.number


def set_up(client: Client) -> None:
    """Make the tables where they are missing."""
    kept_runs.set_up(client, TABLES)


def runs(client: Client) -> list[Run]:
    """All runs in their order."""
    rows = client.query(
        f"SELECT monday, number, digest, assigned_digest, stage, told FROM {RUNS} ORDER BY monday, number"
    ).result_rows
    return [
        Run(Week(monday), number, digest, assigned, bool(stage), told)
        for monday, number, digest, assigned, stage, told in rows
    ]


def keep(
    client: Client, run: Run, learned: Learned, *, parameters: str, card: str, began_at: datetime
) -> None:
    """Write down a run that has begun or ended; the same again is one."""
    row: dict[str, Any] = {
        **_place(run),
        "digest": learned.digest,
        "data_digest": learned.data_digest,
        "assigned_digest": learned.assigned_digest,
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
    }
    client.insert(f"{RUNS}_v1", [list(row.values())], list(row))


def keep_segments(client: Client, run: Run, learned: Learned) -> None:
    """Write down a run's segments, and who is in which; the same again is one."""
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
        [[*place, customer, segment] for customer, segment in learned.assigned.items()],
        [*_place(run), "customer_id", "segment"],
    )


def read(client: Client, run: Run) -> Learned:
    """What a run learned, as it was kept."""
    at = {"monday": run.week.monday.isoformat(), "number": run.number}
    where = "WHERE monday = {monday:Date32} AND number = {number:UInt32}"
    row = client.query(
        f"SELECT data_digest, before, silhouettes, scale, bins, drift FROM {RUNS} {where}", parameters=at
    ).result_rows[0]
    data_digest, before, silhouettes, scale, bins, drift = row
    segments = client.query(
        f"SELECT segment, described, continues, customers, medians, centre FROM {SEGMENTS} {where} "
        "ORDER BY customers DESC, segment",
        parameters=at,
    ).result_rows
    assigned = client.query(
        f"SELECT customer_id, segment FROM {ASSIGNED} {where} ORDER BY customer_id", parameters=at
    ).result_rows
    return Learned(
        run.week,
        run.digest,
        data_digest,
        before,
        dict(silhouettes),
        tuple(scale),
        {name: Bins(tuple(marks), tuple(counts), 0) for name, (marks, counts) in json.loads(bins).items()},
        {name: drift[name] for name in NAMES if name in drift},
        tuple(
            Segment(name, now, bool(continues), customers, medians, tuple(centre))
            for name, now, continues, customers, medians, centre in segments
        ),
        dict(assigned),
    )


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
