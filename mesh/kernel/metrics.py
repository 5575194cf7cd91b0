"""Every metric of every process, by name: ``mesh_<what>_<base unit>``, counters with ``_total``.

Labels are bounded: applications, topics, partitions, error codes; never a key or a person.
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

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(name, meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(name, meaning, labels, registry=REGISTRY)


def _histogram(name: str, meaning: str, *labels: str) -> Histogram:
    return Histogram(name, meaning, labels, registry=REGISTRY, buckets=_SECONDS)


# Records that were read and whose effect is on the broker (or in the warehouse).
RECORDS_READ = _counter("mesh_records_read_total", "Records taken in", "application", "topic")
# Records that a process wrote to a topic, changelogs included.
RECORDS_WRITTEN = _counter("mesh_records_written_total", "Records written", "application", "topic")
# Records that went to the dead letters, by the code of their error.
RECORDS_PARKED = _counter("mesh_records_parked_total", "Records parked", "application", "topic", "code")
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
# State: how long the last recovery took, and how many changelog entries all recoveries have read.
RECOVERY_SECONDS = _gauge("mesh_recovery_seconds", "Duration of the last recovery", "application")
RECOVERED_ENTRIES = _counter("mesh_recovered_entries_total", "Changelog entries read", "application")
# Partitions whose state is here, recovered and ready.
PARTITIONS_OWNED = _gauge("mesh_owned_partitions", "Partitions owned and ready", "application")
# Rows written again because broadcast knowledge (a dimension, the clock) changed.
ROWS_CORRECTED = _counter("mesh_rows_corrected_total", "Rows corrected after the fact", "application")
# Pauses because another part did not answer.
WAITS = _counter("mesh_waits_total", "Retries in place because a part did not answer", "application", "part")


def serve(port: int) -> WSGIServer:
    """Serve ``/metrics`` on this machine's ``port`` from a thread; 0 picks a free one."""
    server, _thread = start_http_server(port, addr="127.0.0.1", registry=REGISTRY)
    return server
