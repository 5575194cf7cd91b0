CREATE DATABASE IF NOT EXISTS sales ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS sales.promotions_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `promotion_id` String COMMENT 'Identifier of the promotion, namespaced by its source.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'From when this version holds, in whole seconds.',
    `name` String COMMENT 'Name that people use.',
    `promotion_type` LowCardinality(Nullable(String)) COMMENT 'Kind of promotion, such as Volume Discount.',
    `audience` LowCardinality(Nullable(String)) COMMENT 'Whom it is for.',
    `promo_code` LowCardinality(Nullable(String)) COMMENT 'Code that a customer enters.',
    `discount_rate` Decimal(18, 8) COMMENT 'Discount as a share of the price, 0 to 1.',
    `starts_at` DateTime64(6, 'UTC') COMMENT 'First moment of the promotion.',
    `ends_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'Last moment of the promotion.',
    `minimum_quantity` Nullable(Int64) COMMENT 'Units from which it holds.',
    `maximum_quantity` Nullable(Int64) COMMENT 'Units up to which it holds.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset)
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (promotion_id, valid_from) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_sales_promotions_v1_to_table TO sales.promotions_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `promotion_id` String, `valid_from` DateTime64(6, 'UTC'), `name` String, `promotion_type` Nullable(String), `audience` Nullable(String), `promo_code` Nullable(String), `discount_rate` Decimal(18, 8), `starts_at` DateTime64(6, 'UTC'), `ends_at` Nullable(DateTime64(6, 'UTC')), `minimum_quantity` Nullable(Int64), `maximum_quantity` Nullable(Int64), `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `promotion_id`, `valid_from`, `name`, `promotion_type`, `audience`, `promo_code`, `discount_rate`, `starts_at`, `ends_at`, `minimum_quantity`, `maximum_quantity`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_sales_promotions_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_sales_promotions_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'sales.public.promotion-announced.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(promotion_id) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_sales_promotions_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_sales_promotions_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `promotion_id` String,
    `valid_from` DateTime64(6, 'UTC'),
    `name` String,
    `promotion_type` Nullable(String),
    `audience` Nullable(String),
    `promo_code` Nullable(String),
    `discount_rate` Decimal(18, 8),
    `starts_at` DateTime64(6, 'UTC'),
    `ends_at` Nullable(DateTime64(6, 'UTC')),
    `minimum_quantity` Nullable(Int64),
    `maximum_quantity` Nullable(Int64),
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW sales.promotions AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`promotion_id`, t.`valid_from`, t.`name`, t.`promotion_type`, t.`audience`, t.`promo_code`, t.`discount_rate`, t.`starts_at`, t.`ends_at`, t.`minimum_quantity`, t.`maximum_quantity`, t._partition, t._offset, t._published_at, t._landed_at FROM sales.promotions_v1 AS t FINAL;

CREATE OR REPLACE VIEW sales.promotions_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`promotion_id`, t.`valid_from`, t.`name`, t.`promotion_type`, t.`audience`, t.`promo_code`, t.`discount_rate`, t.`starts_at`, t.`ends_at`, t.`minimum_quantity`, t.`maximum_quantity`, t._partition, t._offset, t._published_at, t._landed_at FROM sales.promotions_v1 AS t FINAL;
