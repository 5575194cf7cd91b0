CREATE DATABASE IF NOT EXISTS customer ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS customer.contacts_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `contact_id` String COMMENT 'Identifier of the contact, namespaced by its source.',
    `campaign_id` String COMMENT 'The campaign.',
    `account` String COMMENT 'The customer\'s account.',
    `contacted_at` DateTime64(6, 'UTC') COMMENT 'When the customer was contacted.',
    `outcome` LowCardinality(String) COMMENT 'What came of it: Sent, Bounced, Opened or Clicked.',
    `promo_code` LowCardinality(Nullable(String)) COMMENT 'Promotion code that was offered.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset),
    INDEX landed_range (`_partition`, `_offset`) TYPE minmax GRANULARITY 1,
    INDEX occurred_at_range `occurred_at` TYPE minmax GRANULARITY 1,
    INDEX campaign_id_range `campaign_id` TYPE minmax GRANULARITY 1,
    INDEX campaign_id_value `campaign_id` TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (contact_id) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_customer_contacts_v1_to_table TO customer.contacts_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `contact_id` String, `campaign_id` String, `account` String, `contacted_at` DateTime64(6, 'UTC'), `outcome` String, `promo_code` Nullable(String), `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `contact_id`, `campaign_id`, `account`, `contacted_at`, `outcome`, `promo_code`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_customer_contacts_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_customer_contacts_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'customer.public.contact-made.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(account) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_customer_contacts_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_customer_contacts_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `contact_id` String,
    `campaign_id` String,
    `account` String,
    `contacted_at` DateTime64(6, 'UTC'),
    `outcome` String,
    `promo_code` Nullable(String),
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW customer.contacts AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`contact_id`, t.`campaign_id`, t.`account`, t.`contacted_at`, t.`outcome`, t.`promo_code`, t._partition, t._offset, t._published_at, t._landed_at FROM customer.contacts_v1 AS t FINAL;

CREATE OR REPLACE VIEW customer.contacts_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`contact_id`, t.`campaign_id`, t.`account`, t.`contacted_at`, t.`outcome`, t.`promo_code`, t._partition, t._offset, t._published_at, t._landed_at FROM customer.contacts_v1 AS t FINAL;
