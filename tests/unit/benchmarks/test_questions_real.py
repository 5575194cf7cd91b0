"""Questions to a small warehouse, while rows land and measures are kept up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analytics.marts.reading import read_library
from benchmarks import questions, result
from benchmarks.questions_asked import MEASURED
from mesh.kernel.discovery import find_mesh

pytestmark = pytest.mark.real
MARTS = read_library(find_mesh()).marts.keys()


def test_questions_are_answered_while_rows_land(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every question at both sizes, none of which fails; the ingest keeps on, and so do kept measures."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path))
    monkeypatch.setattr(result, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(questions, "_WARM_UP", 1)
    questions.command(lines=3_000, rate=200, users=8, seconds=15, memory=900, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [size["lines"] for size in found["sizes"]] == [3_000, 4_500]
    for size in found["sizes"]:
        assert size["questions"].keys() == {*MEASURED, *MARTS, "one order", "one customer"}
        assert [one["failures"] for one in size["questions"].values() if one["failures"]] == []
        assert sum(one["asked"] for one in size["questions"].values()) >= 8
        assert size["cpu_seconds"].keys() == {"warehouse", "ingest", "users", "keeper", "marts"}
        assert set(size["mart_refresh_seconds"]) == set(MARTS)
        assert [told for told in size["mart_refresh_seconds"].values() if not isinstance(told, float)] == []
        assert size["mart_refresh_meanwhile_seconds"] > 0
        assert size["mart_refresh_meanwhile_seconds_by_mart"].keys() >= {
            "sales_by_period",
            "purchase_history",
        }
        assert 0 < max(size["kept_measures_behind_seconds"].values()) < 90
    assert not list(tmp_path.glob("bench-questions*"))
    assert json.loads((tmp_path / "results" / "latest-questions.json").read_text()) == found
