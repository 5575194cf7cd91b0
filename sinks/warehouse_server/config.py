"""The engine's configuration: one XML file for the server part, one for the user and its grants.

The engine reads both on its first connect. The grants are the first of two walls around the path: the engine
itself refuses every source, sink and table engine that is not listed here, wherever a statement hides it
(views, subqueries, comments, quoted names). :mod:`.policy` is the second, for what grants do not cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from pathlib import Path

MIB: Final = 1 << 20

TABLE_ENGINES: Final = (
    *("MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree", "CollapsingMergeTree"),
    *("VersionedCollapsingMergeTree", "CoalescingMergeTree", "GraphiteMergeTree"),
    *("Log", "TinyLog", "StripeLog", "Memory", "Null", "Set", "Join", "Buffer", "Merge", "Alias"),
    *("View", "MaterializedView", "Dictionary", "GenerateRandom"),
)
"""Engines that keep their data inside the path, and open again after any crash."""

_PRIVILEGES: Final = (
    *(
        "SELECT",
        "INSERT",
        "ALTER",
        "DROP",
        "UNDROP TABLE",
        "TRUNCATE",
        "OPTIMIZE",
        "SHOW",
        "CHECK",
        "dictGet",
    ),
    *("CREATE DATABASE", "CREATE TABLE", "CREATE VIEW", "CREATE DICTIONARY", "CREATE TEMPORARY TABLE"),
    *("CREATE FUNCTION", "DROP FUNCTION", "KILL QUERY"),
    *("SYSTEM FLUSH LOGS", "SYSTEM VIEWS", "SYSTEM MERGES", "SYSTEM TTL MERGES", "SYSTEM DROP CACHE"),
    *("SYSTEM RELOAD DICTIONARY", "SYSTEM CLEANUP"),
)

_FIXED_SETTINGS: Final = (
    # these name files or addresses that a format would read
    *("format_schema", "format_schema_source", "format_avro_schema_registry_url"),
    *("format_template_row", "format_template_resultset", "format_template_rows_between_delimiter"),
    # these hold SQL in a string, where the policy does not look
    *("additional_table_filters", "additional_result_filter", "parallel_replicas_custom_key"),
    # these open doors to foreign code
    *("allow_experimental_eval_table_function", "allow_introspection_functions"),
)


_BLOCK_ROWS: Final = 1 << 24
"""More rows than a body holds: an INSERT is one block, so it lands whole or not at all."""


@dataclass(frozen=True)
class Limits:
    """How much one warehouse process may use. Sizes in bytes.

    Half of ``memory`` is the most that one query may take; caches are small since the operating system caches
    the files as well. ``body`` caps one request body, before and after decompression: ``large_bodies`` bodies
    of more than 16 MiB, and ``small_bodies`` bytes of smaller ones, are held at a time.
    """

    memory: int = 900 * MIB
    body: int = 64 * MIB
    large_bodies: int = 2
    small_bodies: int = 128 * MIB
    writers: int = 4
    readers: int = 8
    monitors: int = 4
    threads: int = 2
    wait_seconds: float = 30.0
    drain_seconds: float = 10.0
    idle_seconds: int = 600

    @property
    def query_memory(self) -> int:
        """The most memory that one query may use."""
        return self.memory // 2


def write_config(folder: Path, limits: Limits) -> Path:
    """Write ``config.xml`` and ``users.xml`` into ``folder``; return the absolute path of the first."""
    folder = folder.resolve()
    users, config = folder / "users.xml", folder / "config.xml"
    users.write_text(_users(limits))
    config.write_text(_server(folder, users, limits))
    return config


def _server(folder: Path, users: Path, limits: Limits) -> str:
    backups = escape(f"{folder}/backups/")
    return f"""<clickhouse>
    <display_name>warehouse</display_name>
    <timezone>UTC</timezone>
    <users_config>{escape(str(users))}</users_config>
    <user_directories><users_xml><path>{escape(str(users))}</path></users_xml></user_directories>
    <access_control_improvements>
        <table_engines_require_grant>true</table_engines_require_grant>
    </access_control_improvements>
    <user_files_path>{escape(f"{folder}/user_files/")}</user_files_path>
    <backups><allowed_path>{backups}</allowed_path></backups>
    <max_server_memory_usage>{limits.memory}</max_server_memory_usage>
    <max_server_memory_usage_to_ram_ratio>0.9</max_server_memory_usage_to_ram_ratio>
    <max_concurrent_queries>{limits.writers + limits.readers + limits.monitors + 8}</max_concurrent_queries>
    <mark_cache_size>{32 * MIB}</mark_cache_size>
    <index_mark_cache_size>{8 * MIB}</index_mark_cache_size>
    <primary_index_cache_size>{16 * MIB}</primary_index_cache_size>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
    <mmap_cache_size>64</mmap_cache_size>
    <query_condition_cache_size>{8 * MIB}</query_condition_cache_size>
    <compiled_expression_cache_size>{16 * MIB}</compiled_expression_cache_size>
    <query_cache><max_size_in_bytes>{16 * MIB}</max_size_in_bytes></query_cache>
    <background_pool_size>2</background_pool_size>
    <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
    <background_schedule_pool_size>4</background_schedule_pool_size>
    <background_common_pool_size>2</background_common_pool_size>
    <background_fetches_pool_size>1</background_fetches_pool_size>
    <background_move_pool_size>1</background_move_pool_size>
    <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
    <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
    <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
    <asynchronous_metrics_update_period_s>5</asynchronous_metrics_update_period_s>
    <query_log>
        <database>system</database>
        <table>query_log</table>
        <ttl>event_date + INTERVAL 7 DAY DELETE</ttl>
        <flush_interval_milliseconds>2000</flush_interval_milliseconds>
    </query_log>
    <merge_tree>
        <fsync_after_insert>1</fsync_after_insert>
        <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
        <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
        <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    </merge_tree>
</clickhouse>
"""


def _users(limits: Limits) -> str:
    grants = [f"GRANT {', '.join(_PRIVILEGES)} ON *.*"]
    grants += [f"GRANT TABLE ENGINE ON {engine}" for engine in TABLE_ENGINES]
    granted = "\n".join(f"                <query>{grant}</query>" for grant in grants)
    fixed = "\n".join(f"                <{name}><readonly/></{name}>" for name in _FIXED_SETTINGS)
    return f"""<clickhouse>
    <profiles>
        <default>
            <implicit_select>0</implicit_select>
            <date_time_input_format>basic</date_time_input_format>
            <allow_introspection_functions>0</allow_introspection_functions>
            <async_insert>0</async_insert>
            <log_queries>1</log_queries>
            <session_timezone>UTC</session_timezone>
            <max_threads>{limits.threads}</max_threads>
            <max_memory_usage>{limits.query_memory}</max_memory_usage>
            <max_insert_block_size>{_BLOCK_ROWS}</max_insert_block_size>
            <min_insert_block_size_rows>{_BLOCK_ROWS}</min_insert_block_size_rows>
            <min_insert_block_size_bytes>{1024 * MIB}</min_insert_block_size_bytes>
            <constraints>
                <max_memory_usage><max>{limits.query_memory}</max></max_memory_usage>
{fixed}
            </constraints>
        </default>
    </profiles>
    <users>
        <default>
            <password></password>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <grants>
{granted}
            </grants>
        </default>
    </users>
    <quotas><default></default></quotas>
</clickhouse>
"""
