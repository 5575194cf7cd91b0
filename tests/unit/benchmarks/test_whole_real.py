"""The whole way on a real mesh: from published facts to rows that the warehouse answers with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import queryable, result, whole

pytestmark = pytest.mark.real


def test_the_whole_way_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row is written, landed and priced, and the time until it can be queried is told."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path))
    monkeypatch.setattr(result, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(whole, "_MEASURED", 3)
    for module in (whole, queryable):
        monkeypatch.setattr(module, "WARM_UP", 2.0)
    whole.command(records=2_000, rate=100, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] > 2_000  # again for each fact of its order
    assert found["rows_per_cpu_second"] > 0
    assert {"orders-enriched-1", "sink-1", "warehouse"} <= found["cpu_seconds"].keys()
    assert {"kafka", "warehouse", "python", "cores"} <= found.keys()
    assert found["latency"]["kept_up"]
    assert 0 < found["latency"]["p50"] <= found["latency"]["p99"] < 60
    assert json.loads((tmp_path / "results" / "latest-whole.json").read_text()) == found
