CREATE DATABASE IF NOT EXISTS location ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS location.locations_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `location_id` String COMMENT 'Identifier of the location, namespaced by its source.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'From when this version holds, in whole seconds.',
    `name` String COMMENT 'Name that people use.',
    `location_type` LowCardinality(String) COMMENT 'What it is: Store, Online, Warehouse or Territory.',
    `channel_type` LowCardinality(Nullable(String)) COMMENT 'Channel that sells through it, such as In-Store, Online or Reseller.',
    `platform_name` Nullable(String) COMMENT 'Name of the online platform.',
    `platform_url` Nullable(String) COMMENT 'Address of the online platform.',
    `address` Nullable(String) COMMENT 'Street address of the place of business.',
    `contact_email` Nullable(String) COMMENT 'E-mail address of the place of business.',
    `contact_phone` Nullable(String) COMMENT 'Telephone number of the place of business.',
    `city` LowCardinality(Nullable(String)) COMMENT 'City.',
    `state` LowCardinality(Nullable(String)) COMMENT 'State or province.',
    `country` LowCardinality(Nullable(String)) COMMENT 'Country, by name.',
    `region` LowCardinality(Nullable(String)) COMMENT 'Group of countries, such as Europe.',
    `postal_code` LowCardinality(Nullable(String)) COMMENT 'Postal code.',
    `currency` Nullable(String) COMMENT 'Currency that it sells in (ISO 4217).',
    `latitude` Nullable(Float64) COMMENT 'Latitude in degrees, north positive (WGS 84).',
    `longitude` Nullable(Float64) COMMENT 'Longitude in degrees, east positive (WGS 84).',
    `territory_id` Nullable(String) COMMENT 'Location id of the territory that it belongs to.',
    `nearest_offline_location_id` Nullable(String) COMMENT 'Location id of the nearest store, for an online platform.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset)
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (location_id, valid_from) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_location_locations_v1_to_table TO location.locations_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `location_id` String, `valid_from` DateTime64(6, 'UTC'), `name` String, `location_type` String, `channel_type` Nullable(String), `platform_name` Nullable(String), `platform_url` Nullable(String), `address` Nullable(String), `contact_email` Nullable(String), `contact_phone` Nullable(String), `city` Nullable(String), `state` Nullable(String), `country` Nullable(String), `region` Nullable(String), `postal_code` Nullable(String), `currency` Nullable(String), `latitude` Nullable(Float64), `longitude` Nullable(Float64), `territory_id` Nullable(String), `nearest_offline_location_id` Nullable(String), `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `location_id`, `valid_from`, `name`, `location_type`, `channel_type`, `platform_name`, `platform_url`, `address`, `contact_email`, `contact_phone`, `city`, `state`, `country`, `region`, `postal_code`, `currency`, `latitude`, `longitude`, `territory_id`, `nearest_offline_location_id`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_location_locations_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_location_locations_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'location.public.location.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(location_id) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_location_locations_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_location_locations_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `location_id` String,
    `valid_from` DateTime64(6, 'UTC'),
    `name` String,
    `location_type` String,
    `channel_type` Nullable(String),
    `platform_name` Nullable(String),
    `platform_url` Nullable(String),
    `address` Nullable(String),
    `contact_email` Nullable(String),
    `contact_phone` Nullable(String),
    `city` Nullable(String),
    `state` Nullable(String),
    `country` Nullable(String),
    `region` Nullable(String),
    `postal_code` Nullable(String),
    `currency` Nullable(String),
    `latitude` Nullable(Float64),
    `longitude` Nullable(Float64),
    `territory_id` Nullable(String),
    `nearest_offline_location_id` Nullable(String),
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW location.locations AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`location_id`, t.`valid_from`, t.`name`, t.`location_type`, t.`channel_type`, t.`platform_name`, t.`platform_url`, t.`address`, t.`contact_email`, t.`contact_phone`, t.`city`, t.`state`, t.`country`, t.`region`, t.`postal_code`, t.`currency`, t.`latitude`, t.`longitude`, t.`territory_id`, t.`nearest_offline_location_id`, t._partition, t._offset, t._published_at, t._landed_at FROM location.locations_v1 AS t FINAL;

CREATE OR REPLACE VIEW location.locations_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`location_id`, t.`valid_from`, t.`name`, t.`location_type`, t.`channel_type`, t.`platform_name`, t.`platform_url`, t.`address`, t.`contact_email`, t.`contact_phone`, t.`city`, t.`state`, t.`country`, t.`region`, t.`postal_code`, t.`currency`, t.`latitude`, t.`longitude`, t.`territory_id`, t.`nearest_offline_location_id`, t._partition, t._offset, t._published_at, t._landed_at FROM location.locations_v1 AS t FINAL;
