"""What Prometheus reads from ``/metrics``; labels are bounded (lanes and error codes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable


class Metrics:
    """The counters of one warehouse process, in a registry of their own."""

    def __init__(self, engine_memory: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self._process = psutil.Process()
        # requests that reached a lane
        self.requests = Counter("mesh_warehouse_requests", "Statements answered", ["lane"], registry=registry)
        # answers with an error, by ClickHouse's error code
        self.errors = Counter("mesh_warehouse_errors", "Statements that failed", ["code"], registry=registry)
        # rows and bytes that inserts with data brought, before deduplication
        self.inserted_rows = Counter("mesh_warehouse_inserted_rows", "Rows received", registry=registry)
        self.inserted_bytes = Counter("mesh_warehouse_inserted_bytes", "Bytes received", registry=registry)
        # from the complete request to the last byte of the answer
        self.seconds = Histogram(
            "mesh_warehouse_query_seconds",
            "Time to answer",
            ["lane"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        # statements that run or wait for a place
        self.running = Gauge(
            "mesh_warehouse_running_requests", "Statements under way", ["lane"], registry=registry
        )
        # queries stopped because their client had hung up
        self.killed = Counter("mesh_warehouse_killed_queries", "Queries without a client", registry=registry)
        # sessions alive
        self.sessions = Gauge("mesh_warehouse_sessions", "Sessions alive", registry=registry)
        # resident memory of the process, and the part that the engine accounts for
        memory = Gauge("mesh_warehouse_memory_bytes", "Memory in use", ["kind"], registry=registry)
        memory.labels("resident").set_function(lambda: float(self._process.memory_info().rss))
        memory.labels("engine").set_function(lambda: float(engine_memory()))

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return bytes(generate_latest(self._registry))
