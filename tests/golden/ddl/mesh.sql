CREATE DATABASE IF NOT EXISTS mesh ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS mesh.raw_events_v1 (
    topic LowCardinality(String) COMMENT 'Topic of the event',
    partition Int32 COMMENT 'Partition of the topic',
    offset Int64 COMMENT 'Offset in the partition',
    key String COMMENT 'What the topic is partitioned by',
    event_time Nullable(DateTime64(6, 'UTC')) COMMENT 'When it happened',
    published_at DateTime64(3, 'UTC') COMMENT 'When it, or the event that caused it, was published',
    landed_at DateTime64(6, 'UTC') COMMENT 'When it was inserted'
) ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset) SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS mesh.dead_letters_v1 (
    topic LowCardinality(String) COMMENT 'Topic that the record stood on, or was meant for',
    partition Int32 COMMENT 'Its partition; -1 when it never was on a topic',
    offset Int64 COMMENT 'Its offset; the row of its file when it never was on a topic',
    consumer LowCardinality(String) COMMENT 'Who parked it',
    file String COMMENT 'File of an extract that it came from',
    code LowCardinality(String) COMMENT 'Stable code of what is wrong',
    reason String COMMENT 'What is wrong, in one line',
    schema_id Nullable(Int32) COMMENT 'Schema id of the value, where it has one',
    code_version LowCardinality(String) COMMENT 'Version of the code that parked it',
    first_seen DateTime64(6, 'UTC') COMMENT 'When it was parked first',
    attempts Int32 COMMENT 'How often it was tried',
    key String COMMENT 'Original key',
    value String COMMENT 'Original value',
    dead_topic LowCardinality(String) COMMENT 'Where it is parked',
    dead_partition Int32 COMMENT 'Partition there',
    dead_offset Int64 COMMENT 'Offset there'
) ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset, consumer, file) SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS mesh.incidents_v1 (
    id String COMMENT 'What people call it: day and some digits',
    revision UInt64 COMMENT 'Microseconds since 1970 when this state was written down; the newest holds',
    name LowCardinality(String) COMMENT 'Name of the alert, and heading of its runbook',
    type LowCardinality(String) COMMENT 'What suffers: availability, ingestion, freshness, quality, …',
    severity LowCardinality(String) COMMENT 'page (now) or ticket (in working hours)',
    domain LowCardinality(String) COMMENT 'Domain that it concerns, or platform',
    product LowCardinality(String) COMMENT 'Data product, where it concerns one',
    part LowCardinality(String) COMMENT 'Process, where it concerns one',
    owner LowCardinality(String) COMMENT 'E-mail address of who answers for it',
    receiver LowCardinality(String) COMMENT 'Receiver that was told first',
    summary String COMMENT 'What is wrong, in one line',
    description String COMMENT 'The same at length',
    action String COMMENT 'What to do',
    runbook String COMMENT 'Where that stands at length',
    labels Map(LowCardinality(String), String) COMMENT 'Labels of the alert',
    fired_at DateTime64(6, 'UTC') COMMENT 'Since when it fires',
    received_at DateTime64(6, 'UTC') COMMENT 'When the pager heard of it',
    acknowledged_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When a person took it on',
    acknowledged_by String COMMENT 'Who that was',
    note String COMMENT 'What that person said',
    resolved_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was over',
    channels Array(LowCardinality(String)) COMMENT 'Channels that took a page about it',
    undelivered Array(LowCardinality(String)) COMMENT 'Channels that did not take a page, so far'
) ENGINE = ReplacingMergeTree(revision) ORDER BY id SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS mesh.redrives_v1 (
    id String COMMENT 'Id of the redrive; the header mesh-redrive of what it published',
    redriven_at DateTime64(6, 'UTC') COMMENT 'When',
    who String COMMENT 'Who ran it, user@host',
    topic LowCardinality(String) COMMENT 'Topic that the record stood on',
    partition Int32 COMMENT 'Its partition',
    offset Int64 COMMENT 'Its offset',
    code LowCardinality(String) COMMENT 'Code that it was parked under; empty when it was not parked yet',
    outcome LowCardinality(String) COMMENT 'published, or discarded: given up as no fact',
    edited Array(LowCardinality(String)) COMMENT 'Fields that were changed',
    digest String COMMENT 'SHA-256 of the value that was published; empty when discarded',
    new_partition Int32 COMMENT 'Where it was published; -1 when discarded',
    new_offset Int64 COMMENT 'Its offset there; -1 when discarded'
) ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset, id) SETTINGS non_replicated_deduplication_window = 10000;

CREATE OR REPLACE VIEW mesh.raw_events AS SELECT * FROM mesh.raw_events_v1 FINAL;

CREATE OR REPLACE VIEW mesh.dead_letters AS SELECT * EXCEPT (key, value), length(value) AS value_bytes FROM mesh.dead_letters_v1 FINAL WHERE code != 'released';

CREATE OR REPLACE VIEW mesh.dead_letters_clear AS SELECT * FROM mesh.dead_letters_v1 FINAL WHERE code != 'released';

CREATE OR REPLACE VIEW mesh.incidents AS SELECT * FROM mesh.incidents_v1 FINAL;

CREATE OR REPLACE VIEW mesh.redrives AS SELECT * FROM mesh.redrives_v1 FINAL;

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
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(judged_at) ORDER BY (topic, rule, judged_at, run);

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
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(profiled_at) ORDER BY (topic, name, profiled_at, run);

CREATE OR REPLACE VIEW mesh.quality_results AS SELECT * FROM mesh.quality_results_v1 FINAL;

CREATE OR REPLACE VIEW mesh.column_profiles AS SELECT * FROM mesh.column_profiles_v1 FINAL;
