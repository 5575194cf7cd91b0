CREATE DATABASE IF NOT EXISTS product ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS product.products_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `product_id` String COMMENT 'Identifier of the product, namespaced by its source.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'From when this version holds, in whole seconds.',
    `sku` String COMMENT 'Stock keeping unit, unique among products.',
    `name` String COMMENT 'Name that people use.',
    `category` LowCardinality(Nullable(String)) COMMENT 'Category, the first level of the hierarchy.',
    `subcategory` LowCardinality(Nullable(String)) COMMENT 'Subcategory, the second level.',
    `brand` LowCardinality(Nullable(String)) COMMENT 'Brand.',
    `model` LowCardinality(Nullable(String)) COMMENT 'Model, which groups products that differ by size and colour.',
    `size` LowCardinality(Nullable(String)) COMMENT 'Size as printed on it.',
    `colour` LowCardinality(Nullable(String)) COMMENT 'Colour.',
    `gender` LowCardinality(Nullable(String)) COMMENT 'Whom it is made for: Male, Female or Unisex.',
    `designer` LowCardinality(Nullable(String)) COMMENT 'Name of the designer as credited on the product.',
    `launched_on` Nullable(Date32) COMMENT 'First day of sale.',
    `discontinued_on` Nullable(Date32) COMMENT 'Last day of sale.',
    `list_price` Nullable(Decimal(18, 4)) COMMENT 'List price of one unit in the reporting currency.',
    `unit_cost` Nullable(Decimal(18, 4)) COMMENT 'Standard cost of one unit in the reporting currency.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset)
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (product_id, valid_from) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_product_products_v1_to_table TO product.products_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `product_id` String, `valid_from` DateTime64(6, 'UTC'), `sku` String, `name` String, `category` Nullable(String), `subcategory` Nullable(String), `brand` Nullable(String), `model` Nullable(String), `size` Nullable(String), `colour` Nullable(String), `gender` Nullable(String), `designer` Nullable(String), `launched_on` Nullable(Date32), `discontinued_on` Nullable(Date32), `list_price` Nullable(Decimal(18, 4)), `unit_cost` Nullable(Decimal(18, 4)), `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `product_id`, `valid_from`, `sku`, `name`, `category`, `subcategory`, `brand`, `model`, `size`, `colour`, `gender`, `designer`, `launched_on`, `discontinued_on`, `list_price`, `unit_cost`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_product_products_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_product_products_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'product.public.product.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(product_id) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_product_products_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_product_products_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `product_id` String,
    `valid_from` DateTime64(6, 'UTC'),
    `sku` String,
    `name` String,
    `category` Nullable(String),
    `subcategory` Nullable(String),
    `brand` Nullable(String),
    `model` Nullable(String),
    `size` Nullable(String),
    `colour` Nullable(String),
    `gender` Nullable(String),
    `designer` Nullable(String),
    `launched_on` Nullable(Date32),
    `discontinued_on` Nullable(Date32),
    `list_price` Nullable(Decimal(18, 4)),
    `unit_cost` Nullable(Decimal(18, 4)),
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW product.products AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`product_id`, t.`valid_from`, t.`sku`, t.`name`, t.`category`, t.`subcategory`, t.`brand`, t.`model`, t.`size`, t.`colour`, t.`gender`, t.`designer`, t.`launched_on`, t.`discontinued_on`, t.`list_price`, t.`unit_cost`, t._partition, t._offset, t._published_at, t._landed_at FROM product.products_v1 AS t FINAL;

CREATE OR REPLACE VIEW product.products_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`product_id`, t.`valid_from`, t.`sku`, t.`name`, t.`category`, t.`subcategory`, t.`brand`, t.`model`, t.`size`, t.`colour`, t.`gender`, t.`designer`, t.`launched_on`, t.`discontinued_on`, t.`list_price`, t.`unit_cost`, t._partition, t._offset, t._published_at, t._landed_at FROM product.products_v1 AS t FINAL;
