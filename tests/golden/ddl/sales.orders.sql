CREATE DATABASE IF NOT EXISTS sales ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS sales.orders_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `order_id` String COMMENT 'Identifier of the order, namespaced by its source.',
    `account` String COMMENT 'The customer\'s account, <source system>:<id>, or guest:<order id>.',
    `ordered_at` DateTime64(6, 'UTC') COMMENT 'When the order was placed; occurred_at of an amendment is when it was amended.',
    `channel` LowCardinality(String) COMMENT 'Channel, such as Online, In-Store or Reseller.',
    `location_id` Nullable(String) COMMENT 'Location id of the store or platform that took the order.',
    `territory_id` Nullable(String) COMMENT 'Location id of the sales territory.',
    `employee_id` Nullable(String) COMMENT 'The salesperson.',
    `currency` String COMMENT 'Currency of every amount of the order (ISO 4217).',
    `fx_rate` Decimal(18, 8) COMMENT 'Reporting currency per unit of currency; 1 where they are the same.',
    `promised_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'Promised delivery.',
    `requested_shipping_method` LowCardinality(Nullable(String)) COMMENT 'Shipping method that the customer asked for.',
    `promo_code` LowCardinality(Nullable(String)) COMMENT 'Promotion code that the customer entered.',
    `purchase_order_number` Nullable(String) COMMENT 'The customer\'s own order number.',
    `subtotal_amount` Decimal(18, 4) COMMENT 'Sum of the lines as the source states it.',
    `tax_amount` Decimal(18, 4) COMMENT 'Tax.',
    `shipping_amount` Decimal(18, 4) COMMENT 'Shipping.',
    `total_amount` Decimal(18, 4) COMMENT 'What the customer owes: subtotal_amount + tax_amount + shipping_amount.',
    `shipping_address` Nullable(String) COMMENT 'Where it is sent to.',
    `billing_address` Nullable(String) COMMENT 'Where the bill is sent to.',
    `lines` Array(Tuple(line_number Int64, product_id String, quantity Int64, unit_price Decimal(18, 4), gross_amount Decimal(18, 4), discount_amount Decimal(18, 4), net_amount Decimal(18, 4), promotion_id Nullable(String))) COMMENT 'The lines.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset),
    INDEX landed_range (`_partition`, `_offset`) TYPE minmax GRANULARITY 1,
    INDEX occurred_at_range `occurred_at` TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (order_id) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_sales_orders_v1_to_table TO sales.orders_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `order_id` String, `account` String, `ordered_at` DateTime64(6, 'UTC'), `channel` String, `location_id` Nullable(String), `territory_id` Nullable(String), `employee_id` Nullable(String), `currency` String, `fx_rate` Decimal(18, 8), `promised_at` Nullable(DateTime64(6, 'UTC')), `requested_shipping_method` Nullable(String), `promo_code` Nullable(String), `purchase_order_number` Nullable(String), `subtotal_amount` Decimal(18, 4), `tax_amount` Decimal(18, 4), `shipping_amount` Decimal(18, 4), `total_amount` Decimal(18, 4), `shipping_address` Nullable(String), `billing_address` Nullable(String), `lines` Array(Tuple(line_number Int64, product_id String, quantity Int64, unit_price Decimal(18, 4), gross_amount Decimal(18, 4), discount_amount Decimal(18, 4), net_amount Decimal(18, 4), promotion_id Nullable(String))), `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `order_id`, `account`, `ordered_at`, `channel`, `location_id`, `territory_id`, `employee_id`, `currency`, `fx_rate`, `promised_at`, `requested_shipping_method`, `promo_code`, `purchase_order_number`, `subtotal_amount`, `tax_amount`, `shipping_amount`, `total_amount`, `shipping_address`, `billing_address`, `lines`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_sales_orders_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_sales_orders_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'sales.public.order-placed.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(account) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_sales_orders_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_sales_orders_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `order_id` String,
    `account` String,
    `ordered_at` DateTime64(6, 'UTC'),
    `channel` String,
    `location_id` Nullable(String),
    `territory_id` Nullable(String),
    `employee_id` Nullable(String),
    `currency` String,
    `fx_rate` Decimal(18, 8),
    `promised_at` Nullable(DateTime64(6, 'UTC')),
    `requested_shipping_method` Nullable(String),
    `promo_code` Nullable(String),
    `purchase_order_number` Nullable(String),
    `subtotal_amount` Decimal(18, 4),
    `tax_amount` Decimal(18, 4),
    `shipping_amount` Decimal(18, 4),
    `total_amount` Decimal(18, 4),
    `shipping_address` Nullable(String),
    `billing_address` Nullable(String),
    `lines` Array(Tuple(line_number Int64, product_id String, quantity Int64, unit_price Decimal(18, 4), gross_amount Decimal(18, 4), discount_amount Decimal(18, 4), net_amount Decimal(18, 4), promotion_id Nullable(String))),
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW sales.orders AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`order_id`, t.`account`, t.`ordered_at`, t.`channel`, t.`location_id`, t.`territory_id`, t.`employee_id`, t.`currency`, t.`fx_rate`, t.`promised_at`, t.`requested_shipping_method`, t.`promo_code`, t.`purchase_order_number`, t.`subtotal_amount`, t.`tax_amount`, t.`shipping_amount`, t.`total_amount`, if(isNull(t.`shipping_address`), NULL, '•••') AS `shipping_address`, if(isNull(t.`billing_address`), NULL, '•••') AS `billing_address`, t.`lines`, t._partition, t._offset, t._published_at, t._landed_at FROM sales.orders_v1 AS t FINAL;

CREATE OR REPLACE VIEW sales.orders_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`order_id`, t.`account`, t.`ordered_at`, t.`channel`, t.`location_id`, t.`territory_id`, t.`employee_id`, t.`currency`, t.`fx_rate`, t.`promised_at`, t.`requested_shipping_method`, t.`promo_code`, t.`purchase_order_number`, t.`subtotal_amount`, t.`tax_amount`, t.`shipping_amount`, t.`total_amount`, t.`shipping_address`, t.`billing_address`, t.`lines`, t._partition, t._offset, t._published_at, t._landed_at FROM sales.orders_v1 AS t FINAL;
