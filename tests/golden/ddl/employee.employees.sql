CREATE DATABASE IF NOT EXISTS employee ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS employee.employees_v1 (
    `event_id` String COMMENT 'Identifier of this statement: unique for the source, the fact and its revision.',
    `source` LowCardinality(String) COMMENT 'Name of the source system that states the fact.',
    `seq` Int64 COMMENT 'Revision number of the fact at its source; the highest one holds.',
    `occurred_at` DateTime64(6, 'UTC') COMMENT 'When it happened (event time).',
    `recorded_at` DateTime64(6, 'UTC') COMMENT 'When the source recorded it; occurred_at where the source does not say.',
    `trace_id` Nullable(String) COMMENT 'W3C trace id of the request that caused it; takes no part in comparing contents.',
    `employee_id` String COMMENT 'Identifier of the employee, namespaced by its source; the data subject of the personal fields.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'From when this version holds, in whole seconds.',
    `first_name` String COMMENT 'Given name.',
    `last_name` String COMMENT 'Family name.',
    `email` Nullable(String) COMMENT 'E-mail address.',
    `phone` Nullable(String) COMMENT 'Telephone number.',
    `birth_date` Nullable(String) COMMENT 'Date of birth as YYYY-MM-DD.',
    `gender` LowCardinality(Nullable(String)) COMMENT 'Gender as recorded by the employer.',
    `job_title` LowCardinality(Nullable(String)) COMMENT 'Title of the position.',
    `department` LowCardinality(Nullable(String)) COMMENT 'Department.',
    `territory_id` Nullable(String) COMMENT 'Location id of the sales territory.',
    `location_id` Nullable(String) COMMENT 'Location id of the place of work.',
    `manager_id` Nullable(String) COMMENT 'Employee id of the manager.',
    `hired_on` Nullable(Date32) COMMENT 'First day of employment.',
    `left_on` Nullable(Date32) COMMENT 'Last day of employment.',
    `_partition` Int32 COMMENT 'Where the record stood on its topic',
    `_offset` Int64 COMMENT 'Where the record stood on its topic',
    `_published_at` DateTime64(3, 'UTC') COMMENT 'Where the record stood on its topic',
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was inserted',
    `_rank` UInt128 MATERIALIZED bitShiftLeft(toUInt128(seq), 64) + toUInt128(9223372036854775807 - _offset)
) ENGINE = ReplacingMergeTree(_rank) ORDER BY (employee_id, valid_from) SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 134217728, min_compress_block_size = 16384, max_compress_block_size = 131072, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_employee_employees_v1_to_table TO employee.employees_v1 (`event_id` String, `source` String, `seq` Int64, `occurred_at` DateTime64(6, 'UTC'), `recorded_at` DateTime64(6, 'UTC'), `trace_id` Nullable(String), `employee_id` String, `valid_from` DateTime64(6, 'UTC'), `first_name` String, `last_name` String, `email` Nullable(String), `phone` Nullable(String), `birth_date` Nullable(String), `gender` Nullable(String), `job_title` Nullable(String), `department` Nullable(String), `territory_id` Nullable(String), `location_id` Nullable(String), `manager_id` Nullable(String), `hired_on` Nullable(Date32), `left_on` Nullable(Date32), `_partition` Int32, `_offset` Int64, `_published_at` DateTime64(3, 'UTC'), `_landed_at` DateTime64(6, 'UTC')) AS SELECT `event_id`, `source`, `seq`, `occurred_at`, `recorded_at`, `trace_id`, `employee_id`, `valid_from`, `first_name`, `last_name`, `email`, `phone`, `birth_date`, `gender`, `job_title`, `department`, `territory_id`, `location_id`, `manager_id`, `hired_on`, `left_on`, `_partition`, `_offset`, `_published_at`, `_landed_at` FROM mesh.landing_employee_employees_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS mesh.landing_employee_employees_v1_to_ledger TO mesh.raw_events_v1 (`topic` String, `partition` Int32, `offset` Int64, `key` String, `event_time` Nullable(DateTime64(6, 'UTC')), `published_at` DateTime64(3, 'UTC'), `landed_at` DateTime64(6, 'UTC')) AS SELECT 'employee.public.employee.v1' AS `topic`, _partition AS `partition`, _offset AS `offset`, toString(employee_id) AS `key`, toNullable(occurred_at) AS `event_time`, _published_at AS `published_at`, _landed_at AS `landed_at` FROM mesh.landing_employee_employees_v1 WHERE throwIf(`_seal` != 6816953110412484211, 'a record does not end where its bytes do') = 0;

CREATE TABLE IF NOT EXISTS mesh.landing_employee_employees_v1 (
    `event_id` String,
    `source` String,
    `seq` Int64,
    `occurred_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `trace_id` Nullable(String),
    `employee_id` String,
    `valid_from` DateTime64(6, 'UTC'),
    `first_name` String,
    `last_name` String,
    `email` Nullable(String),
    `phone` Nullable(String),
    `birth_date` Nullable(String),
    `gender` Nullable(String),
    `job_title` Nullable(String),
    `department` Nullable(String),
    `territory_id` Nullable(String),
    `location_id` Nullable(String),
    `manager_id` Nullable(String),
    `hired_on` Nullable(Date32),
    `left_on` Nullable(Date32),
    `_partition` Int32,
    `_offset` Int64,
    `_published_at` DateTime64(3, 'UTC'),
    `_seal` Int64 DEFAULT 6816953110412484211,
    `_landed_at` DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = Null;

CREATE OR REPLACE VIEW employee.employees AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`employee_id`, t.`valid_from`, concat(substringUTF8(t.`first_name`, 1, 1), '.') AS `first_name`, concat(substringUTF8(t.`last_name`, 1, 1), '.') AS `last_name`, concat(substringUTF8(t.`email`, 1, 1), '…@', extract(t.`email`, '@([^@]*)$')) AS `email`, multiIf(isNull(t.`phone`), NULL, lengthUTF8(t.`phone`) > 7, concat('…', substringUTF8(t.`phone`, -4)), '…') AS `phone`, if(isNull(t.`birth_date`), NULL, '•••') AS `birth_date`, t.`gender`, t.`job_title`, t.`department`, t.`territory_id`, t.`location_id`, t.`manager_id`, t.`hired_on`, t.`left_on`, t._partition, t._offset, t._published_at, t._landed_at FROM employee.employees_v1 AS t FINAL;

CREATE OR REPLACE VIEW employee.employees_clear AS SELECT t.`event_id`, t.`source`, t.`seq`, t.`occurred_at`, t.`recorded_at`, t.`trace_id`, t.`employee_id`, t.`valid_from`, t.`first_name`, t.`last_name`, t.`email`, t.`phone`, t.`birth_date`, t.`gender`, t.`job_title`, t.`department`, t.`territory_id`, t.`location_id`, t.`manager_id`, t.`hired_on`, t.`left_on`, t._partition, t._offset, t._published_at, t._landed_at FROM employee.employees_v1 AS t FINAL;
