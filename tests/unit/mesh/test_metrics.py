"""The metrics: one grammar, base units, and an endpoint that shows them."""

from __future__ import annotations

import re
import urllib.request

import pytest

from mesh.kernel import metrics

UNITS = (
    "_total",
    "_seconds",
    "_bytes",
    "_records",
    "_entities",
    "_partitions",
    "_offsets",
    "_rows",
    "_incidents",
    "_restarts",
    "_statements",
    "_rules",
    "_jobs",
    "_up",
)


def families() -> dict[str, str]:
    """Names (as a query has them) and meanings."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): family.documentation
        for family in metrics.REGISTRY.collect()
    }


@pytest.mark.parametrize("name", sorted(name for name in families() if not name.startswith("mesh_process_")))
def test_every_metric_is_named_by_the_grammar(name: str) -> None:
    """``mesh_<what>_<base unit>``, with a meaning."""
    assert re.fullmatch(r"mesh_[a-z]+(_[a-z]+)*", name)
    assert name.endswith(UNITS)
    assert families()[name]


def test_the_process_itself_is_measured() -> None:
    """Memory, CPU and descriptors."""
    assert {"mesh_process_resident_memory_bytes", "mesh_process_cpu_seconds_total"} <= set(families())


def test_metrics_are_served() -> None:
    """As Prometheus reads them, on a free port, to this machine only."""
    metrics.RECORDS_READ.labels("mesh.test", "test.public.fact.v1").inc(3)
    server = metrics.serve(0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()
    assert server.server_address[0] == "127.0.0.1"
    line = 'mesh_records_read_total{application="mesh.test",topic="test.public.fact.v1"} 3.0'
    assert line in text.splitlines()
    assert "_created" not in text
