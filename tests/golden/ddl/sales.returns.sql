CREATE DATABASE IF NOT EXISTS sales ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS sales.returns_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `return_id` String COMMENT 'Identifier of the return, namespaced by its source.',
    `order_id` String COMMENT 'The order.',
    `account` String COMMENT 'The order\'s account.',
    `line_number` Int64 COMMENT 'The order line.',
    `quantity` Int64 COMMENT 'Units that came back; 0 when the return was withdrawn.',
    `amount` Decimal(18, 4) COMMENT 'What was refunded, in currency.',
    `currency` String COMMENT 'Currency of the amount (ISO 4217).',
    `fx_rate` Decimal(18, 8) COMMENT 'Reporting currency per unit of currency.',
    `returned_at` DateTime64(6, 'UTC') COMMENT 'When it came back.',
    `reason` LowCardinality(Nullable(String)) COMMENT 'Why.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset),
    INDEX landed_range (`_partition`, `_offset`) TYPE minmax GRANULARITY 1,
    INDEX occurred_at_range `occurred_at` TYPE minmax GRANULARITY 1,
    INDEX order_id_range `order_id` TYPE minmax GRANULARITY 1,
    INDEX order_id_value `order_id` TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (return_id) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_sales_returns_v1_to_table TO sales.returns_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `return_id` String, `order_id` String, `account` String, `line_number` Int64, `quantity` Int64, `amount` Decimal(18, 4), `currency` String, `fx_rate` Decimal(18, 8), `returned_at` DateTime64(6, 'UTC'), `reason` Nullable(String), `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `return_id`, `order_id`, `account`, `line_number`, `quantity`, `amount`, `currency`, `fx_rate`, `returned_at`, `reason`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_sales_returns_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_sales_returns_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'sales.public.return-recorded.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(account) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_sales_returns_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_sales_returns_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `return_id` String,
    `order_id` String,
    `account` String,
    `line_number` Int64,
    `quantity` Int64,
    `amount` Decimal(18, 4),
    `currency` String,
    `fx_rate` Decimal(18, 8),
    `returned_at` DateTime64(6, 'UTC'),
    `reason` Nullable(String),
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW sales.returns AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`return_id`, t.`order_id`, t.`account`, t.`line_number`, t.`quantity`, t.`amount`, t.`currency`, t.`fx_rate`, t.`returned_at`, t.`reason`, t._partition, t._offset, t._published_at, t._landed_at FROM sales.returns_v1 AS t FINAL;

CREATE OR REPLACE VIEW sales.returns_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`return_id`, t.`order_id`, t.`account`, t.`line_number`, t.`quantity`, t.`amount`, t.`currency`, t.`fx_rate`, t.`returned_at`, t.`reason`, t._partition, t._offset, t._published_at, t._landed_at FROM sales.returns_v1 AS t FINAL;
