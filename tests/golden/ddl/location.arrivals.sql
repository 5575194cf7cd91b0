CREATE DATABASE IF NOT EXISTS location ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS location.arrivals_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `count_id` String COMMENT 'Identifier of the count, namespaced by its source.',
    `location_id` String COMMENT 'Location id of the store.',
    `counted_from` DateTime64(6, 'UTC') COMMENT 'Begin of the time.',
    `counted_to` DateTime64(6, 'UTC') COMMENT 'End of the time.',
    `visitors` Int64 COMMENT 'People who came in.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset),
    INDEX landed_range (`_partition`, `_offset`) TYPE minmax GRANULARITY 1,
    INDEX occurred_at_range `occurred_at` TYPE minmax GRANULARITY 1,
    INDEX location_id_range `location_id` TYPE minmax GRANULARITY 1,
    INDEX location_id_value `location_id` TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (count_id) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_location_arrivals_v1_to_table TO location.arrivals_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `count_id` String, `location_id` String, `counted_from` DateTime64(6, 'UTC'), `counted_to` DateTime64(6, 'UTC'), `visitors` Int64, `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `count_id`, `location_id`, `counted_from`, `counted_to`, `visitors`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_location_arrivals_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_location_arrivals_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'location.public.arrivals-counted.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(location_id) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_location_arrivals_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_location_arrivals_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `count_id` String,
    `location_id` String,
    `counted_from` DateTime64(6, 'UTC'),
    `counted_to` DateTime64(6, 'UTC'),
    `visitors` Int64,
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW location.arrivals AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`count_id`, t.`location_id`, t.`counted_from`, t.`counted_to`, t.`visitors`, t._partition, t._offset, t._published_at, t._landed_at FROM location.arrivals_v1 AS t FINAL;

CREATE OR REPLACE VIEW location.arrivals_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`count_id`, t.`location_id`, t.`counted_from`, t.`counted_to`, t.`visitors`, t._partition, t._offset, t._published_at, t._landed_at FROM location.arrivals_v1 AS t FINAL;
