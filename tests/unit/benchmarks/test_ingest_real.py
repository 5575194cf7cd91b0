"""What an extract costs, published to a real broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import ingest, result
from mesh.publish.outbox import Outbox

pytestmark = pytest.mark.real


def test_publishing_is_measured_stage_by_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything of the extract is sent in each round, and no more is told of the stages than was spent."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(result, "FOLDER", tmp_path / "results")
    send = Outbox.send_batch
    ingest.command(only="SalesTargetSet", mapping=ingest.MAPPING, rounds=2, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "results" / "latest-ingest.json").read_text()) == found
    assert found["sent"]
    assert found["events"] == 163
    assert found["elements"] == 0
    figures = {one["name"]: one["value"] for one in found["figures"]}
    assert 0 < figures["first-round"] <= figures["rate"]
    stages = [value for name, value in figures.items() if name not in ("rate", "first-round", "cost")]
    assert {"files-and-views", "encoding", "sending", "acknowledged"} <= figures.keys()
    assert 0 < sum(stages) <= figures["cost"]
    assert Outbox.send_batch is send  # nobody watches any more


def test_without_a_broker_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run has neither a stage of sending nor a goal for other events than orders."""
    monkeypatch.setattr(result, "FOLDER", tmp_path / "results")
    ingest.command(only="SalesTargetSet", mapping=ingest.MAPPING, rounds=1, dry_run=True, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert not found["sent"]
    figures = {one["name"]: one for one in found["figures"]}
    assert "sending" not in figures
    assert figures["rate"]["met"] is None
