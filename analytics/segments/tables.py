"""The tables of the warehouse in which runs are kept, so that each can be looked at and repeated."""

from __future__ import annotations

from analytics.kept_runs import DATABASE

RUNS, SEGMENTS = f"{DATABASE}.segment_runs", f"{DATABASE}.segments"
ASSIGNED, SKIPPED = f"{DATABASE}.segment_assignments", f"{DATABASE}.segment_skips"
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
    scale Array(Float64) COMMENT 'What counts as one step of each prepared feature',
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
    SKIPPED: """(
    week LowCardinality(String) COMMENT 'Week in ISO 8601',
    monday Date32 COMMENT 'Its first day',
    code LowCardinality(String) COMMENT 'Why it has no run: too-few-customers or customers-alike',
    began_at DateTime64(6, 'UTC') COMMENT 'When it was tried'
) ENGINE = ReplacingMergeTree ORDER BY monday""",
}
"""Columns, engine and order of each."""
ADDED = {
    RUNS: {"features": "Array(String) COMMENT 'Names of the features, in the order of the assignments'"},
    ASSIGNED: {"features": "Array(Float64) COMMENT 'What the customer was put there for' CODEC(ZSTD(3))"},
}
"""Columns that are younger than the table, by name; runs of before have none of them."""
