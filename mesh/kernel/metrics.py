"""Every metric of every process, by name: ``mesh_<what>_<base unit>``, counters with ``_total``.

Labels are bounded: applications, topics, partitions, error codes; never a key or a person. Whoever scrapes
adds ``part`` and ``app`` of the process, and ``domain`` and ``product`` taken from ``topic``
(:mod:`observability.scraping`), so that no event pays for a label that its topic implies.
"""

from __future__ import annotations

from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series a counter, of no use to us
REGISTRY = CollectorRegistry()
"""What ``/metrics`` shows. ``mesh_process_*`` (memory, CPU, descriptors) comes from the process itself."""
ProcessCollector(namespace="mesh", registry=REGISTRY)

_BYTES = (1 << 10, 1 << 13, 1 << 16, 1 << 19, 1 << 20, 1 << 21, 1 << 22, 1 << 23, 1 << 24)
_ROWS = (1, 10, 100, 1_000, 5_000, 10_000, 20_000)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Bounds of the buckets of every duration; a promise that is one of them can be measured exactly."""


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(name, meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(name, meaning, labels, registry=REGISTRY)


def _histogram(name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
    return Histogram(name, meaning, labels, registry=REGISTRY, buckets=buckets)


# Records that were read and whose effect is on the broker (or in the warehouse).
RECORDS_READ = _counter("mesh_records_read_total", "Records taken in", "application", "topic")
# Records that a process wrote to a topic, changelogs included.
RECORDS_WRITTEN = _counter("mesh_records_written_total", "Records written", "application", "topic")
# Records that went to the dead letters, by the code of their error.
RECORDS_PARKED = _counter("mesh_records_parked_total", "Records parked", "application", "topic", "code")
# Records that another schema had written, or another codec in a form of its own: decoded and written anew
# before they are taken in, which gives the same result and costs twenty times as much.
RECORDS_REWRITTEN = _counter("mesh_records_rewritten_total", "Records written anew", "application", "topic")
# Work on one batch: fold and encode; the sink: insert. Waiting for the broker is not in it.
BATCH_SECONDS = _histogram("mesh_batch_seconds", "Time to work on a batch", "application")
# From publishing to the moment when everything that follows is written: end-to-end latency of one stage.
EVENT_AGE = _histogram(
    "mesh_event_age_seconds",
    "Age of a batch's last record when its effect is written",
    "application",
    "topic",
)
# Records published and not yet taken in.
LAG = _gauge("mesh_lag_records", "Records not yet taken in", "application", "topic", "partition")
# How often partitions were dealt anew.
REBALANCES = _counter("mesh_rebalances_total", "Rebalances", "application")
# State: how long the last recovery took, and how many changelog entries all recoveries have read. There is no
# series before the first recovery has ended, by which the platform knows that a worker is not ready.
RECOVERY_SECONDS = _gauge("mesh_recovery_seconds", "Duration of the last recovery", "application")
RECOVERED_ENTRIES = _counter("mesh_recovered_entries_total", "Changelog entries read", "application")
# Partitions whose state is here, recovered and ready.
PARTITIONS_OWNED = _gauge("mesh_owned_partitions", "Partitions owned and ready", "application")
# Rows written again because broadcast knowledge (a dimension, the clock) changed.
ROWS_CORRECTED = _counter("mesh_rows_corrected_total", "Rows corrected after the fact", "application")
# Pauses because another part did not answer.
WAITS = _counter("mesh_waits_total", "Retries in place because a part did not answer", "application", "part")

# The sink: rows and bytes of an insert, and how long the warehouse takes for it.
INSERT_ROWS = _histogram("mesh_insert_rows", "Rows of an insert", "topic", buckets=_ROWS)
INSERT_BYTES = _histogram("mesh_insert_bytes", "Bytes of an insert", "topic", buckets=_BYTES)
INSERT_SECONDS = _histogram("mesh_insert_seconds", "Duration of an insert", "topic")

# The monitor looks from outside, so that a process that is dead or frozen is seen too.
# Next offset of each partition, dead letters included: what was ever published.
TOPIC_END = _gauge("mesh_topic_end_offsets", "Next offset of a partition", "topic", "partition")
# When the newest record was published, and the greatest event time that landed (Unix time).
TOPIC_PUBLISHED = _gauge("mesh_topic_last_published_timestamp_seconds", "Last publishing", "topic")
TOPIC_EVENT_TIME = _gauge("mesh_topic_last_event_timestamp_seconds", "Greatest event time landed", "topic")
# The longest that a source declared live may be silent; sources that are not live have no series.
SOURCE_LIMIT = _gauge("mesh_source_silence_limit_seconds", "Longest silence of a live source", "topic")
# How far each consumer group has read, how many records lie before it, and how long the first of them waits.
COMMITTED = _gauge("mesh_committed_offsets", "Next offset to read", "application", "topic", "partition")
BEHIND = _gauge("mesh_behind_records", "Records published and not taken in", "application", "topic")
BEHIND_SECONDS = _gauge("mesh_behind_seconds", "Wait of the oldest of them", "application", "topic")
# The ledger: records that the sink has committed and that neither landed nor were parked; up to which offset
# of each partition every record is accounted for without a gap.
LEDGER_DRIFT = _gauge("mesh_ledger_drift_records", "Records unaccounted for", "topic")
LEDGER_VERIFIED = _gauge("mesh_ledger_verified_offsets", "Accounted for up to here", "topic", "partition")
# What `mesh quality` found last, at rest: rows at fault by rule; rules that do not hold; when it was (Unix
# time). Rules are those of the contracts, so their number is bounded.
QUALITY_FAILING = _gauge("mesh_quality_failing_rows", "Rows at fault", "topic", "rule", "severity")
QUALITY_BROKEN = _gauge("mesh_quality_broken_rules", "Rules that do not hold", "topic", "severity")
QUALITY_JUDGED = _gauge("mesh_quality_last_judged_timestamp_seconds", "Last judgement", "topic")
# The rules on whole tables as the stream judges them: over the newest record of each entity of a topic, how
# many have something to judge and how many of these are at fault; whether the rule does not hold (1 or 0).
# No series before the topic was read to its end once. And how many records are still to be read.
STREAM_JUDGED = _gauge("mesh_quality_stream_judged_entities", "Judged", "topic", "rule", "severity")
STREAM_FAILING = _gauge("mesh_quality_stream_failing_entities", "At fault", "topic", "rule", "severity")
STREAM_BROKEN = _gauge("mesh_quality_stream_broken_rules", "Does not hold", "topic", "rule", "severity")
STREAM_BEHIND = _gauge("mesh_quality_stream_behind_records", "Records not yet judged", "topic")
# Whether a part that does not speak Prometheus answers in its own protocol (1 or 0).
SERVICE_UP = _gauge("mesh_service_up", "Whether a service answers", "part")
# Parts of the local platform, by its supervisor: resident memory, restarts since it was declared.
PART_MEMORY = _gauge("mesh_part_memory_bytes", "Resident memory of a part", "part")
PART_RESTARTS = _gauge("mesh_part_restarts", "Restarts of a part", "part")
# What runs out: disk space of the state, and certificates (Unix time of their end).
DISK_FREE = _gauge("mesh_disk_free_bytes", "Free space", "volume")
DISK_FREE_LIMIT = _gauge("mesh_disk_free_limit_bytes", "Least free space allowed", "volume")
CERTIFICATE_END = _gauge("mesh_certificate_end_timestamp_seconds", "End of validity", "certificate")
# When the monitor last finished a round (Unix time), and how long that took.
MONITOR_ROUND = _gauge("mesh_monitor_last_round_timestamp_seconds", "End of the last round", "kind")
MONITOR_SECONDS = _gauge("mesh_monitor_round_seconds", "Duration of the last round", "kind")

# The pager: open incidents; deliveries by receiver, channel and outcome; when the alerting last gave a sign.
INCIDENTS_OPEN = _gauge("mesh_open_incidents", "Open incidents", "domain", "severity")
PAGES = _counter("mesh_pages_total", "Pages delivered or failed", "receiver", "channel", "outcome")
WATCHDOG_SEEN = _gauge("mesh_watchdog_last_seen_timestamp_seconds", "Last watchdog heard")

# What runs by the clock: whether the last run of a job failed (1 or 0), how long it took, and when one last
# ended well (Unix time).
JOB_FAILED = _gauge("mesh_failed_jobs", "Whether the last run failed", "name")
JOB_SECONDS = _gauge("mesh_job_seconds", "Duration of the last run", "name")
JOB_SUCCEEDED = _gauge("mesh_job_last_success_timestamp_seconds", "End of the last good run", "name")

# The embedded warehouse: statements by kind (reader, writer, monitor; refused: none was begun) and outcome
# (ok; gone: its client hung up; ClickHouse's number of an error), their duration, those under way.
STATEMENTS = _counter("mesh_statements_total", "Statements", "kind", "outcome")
STATEMENT_SECONDS = _histogram("mesh_statement_seconds", "Duration of a statement", "kind")
STATEMENTS_RUNNING = _gauge("mesh_running_statements", "Statements that run or wait for a place", "kind")
# Memory that the warehouse's engine accounts for, of the process's resident memory.
ENGINE_MEMORY = _gauge("mesh_engine_memory_bytes", "Memory of the engine", "engine")


def serve(port: int, address: str = "127.0.0.1") -> WSGIServer:
    """Serve ``/metrics`` from a thread: on this machine only, or on another of its addresses. Port 0: any."""
    server, _thread = start_http_server(port, addr=address, registry=REGISTRY)
    return server
