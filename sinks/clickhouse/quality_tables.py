"""Tables of what judging and profiling the landed rows found, kept over time."""

from __future__ import annotations

_RESULTS = """
CREATE TABLE IF NOT EXISTS mesh.quality_results_v1 (
    run String COMMENT 'Id of the judgement that this is a part of',
    judged_at DateTime64(6, 'UTC') COMMENT 'As of when: the rows that readers saw then',
    topic LowCardinality(String) COMMENT 'Topic of the table',
    view LowCardinality(String) COMMENT 'View that readers use',
    rule LowCardinality(String) COMMENT 'Name of the rule: field, and code of what breaks it',
    says String COMMENT 'The rule as a sentence',
    digest String COMMENT 'SHA-256 of what the rule says: results of one digest can be compared',
    severity LowCardinality(String) COMMENT 'error or warning',
    judged UInt64 COMMENT 'Rows that have something to judge',
    failing UInt64 COMMENT 'Rows at fault',
    limit_percent Float64 COMMENT 'From which share of them on the rule is broken; 0: by the first row',
    verdict LowCardinality(String) COMMENT 'ok, warn or fail',
    keys Array(Array(String)) COMMENT 'Keys of rows to look at, ten at the most'
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(judged_at) ORDER BY (topic, rule, judged_at, run)
"""

_PROFILES = """
CREATE TABLE IF NOT EXISTS mesh.column_profiles_v1 (
    run String COMMENT 'Id of the profile that this is a part of',
    profiled_at DateTime64(6, 'UTC') COMMENT 'As of when: the rows that readers saw then',
    topic LowCardinality(String) COMMENT 'Topic of the table',
    view LowCardinality(String) COMMENT 'View that readers use',
    name LowCardinality(String) COMMENT 'Column of the view',
    kind LowCardinality(String) COMMENT 'text, number, time, flag, or personal: without any value',
    held UInt64 COMMENT 'Rows of the view',
    missing UInt64 COMMENT 'Rows in which the column is null',
    distinct UInt64 COMMENT 'Different values; beyond 65,536 within a percent',
    least String COMMENT 'Least value',
    greatest String COMMENT 'Greatest value',
    quantiles Array(Float64) COMMENT 'Of a number or time (Unix time): 0.05, 0.25, 0.5, 0.75 and 0.95',
    frequent Array(Tuple(value String, times UInt64)) COMMENT 'The most frequent values',
    histogram Array(Tuple(start Float64, times UInt64)) COMMENT 'Rows by ten equal steps up to the greatest',
    bins Array(String) COMMENT 'By what the next profile measures drift: where bins begin, or their values',
    shares Array(UInt64) COMMENT 'Rows in each bin; the first one holds what is in no other',
    drift Nullable(Float64) COMMENT 'Population stability index against the profile before'
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(profiled_at) ORDER BY (topic, name, profiled_at, run)
"""

QUALITY = (
    _RESULTS,
    _PROFILES,
    "CREATE OR REPLACE VIEW mesh.quality_results AS SELECT * FROM mesh.quality_results_v1 FINAL",
    "CREATE OR REPLACE VIEW mesh.column_profiles AS SELECT * FROM mesh.column_profiles_v1 FINAL",
)
"""Statements that create them; each may run again."""
