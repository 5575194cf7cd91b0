"""How fast a made-up retailer trades, published to a real broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import result, simulate

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, whose results lie beside it."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(result, "FOLDER", tmp_path / "results")
    return tmp_path


def test_publishing_is_measured_and_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each round sends everything; the slowest one is held against the goal."""
    simulate.command(customers=200, days=20, rounds=2, keep="simulate", as_json=True)
    found = json.loads(capsys.readouterr().out)
    kept = [json.loads(path.read_text()) for path in (home / "results").glob("*simulate.json")]
    assert kept == [found, found]
    assert found["sent"]
    assert found["records"] > 5_000
    assert found["faults"] > 100
    figures = {one["name"]: one for one in found["figures"]}
    assert 0 < figures["rate"]["value"] <= figures["fastest-round"]["value"]
    assert (figures["rate"]["goal"], figures["rate"]["at_least"]) == (20_000, True)
    assert figures["rate"]["met"] == (figures["rate"]["value"] >= 20_000)
    seconds = found["records"] / figures["rate"]["value"]
    assert figures["seconds"]["value"] == pytest.approx(seconds, rel=0.01)
    assert figures["cost"]["value"] == pytest.approx(1e6 / figures["cpu-rate"]["value"], rel=0.01)


def test_without_a_broker_nothing_is_sent(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run makes the same records."""
    simulate.command(customers=200, days=20, rounds=1, dry_run=True)
    assert "records a second" in capsys.readouterr().out
    found = json.loads((home / "results" / "latest-simulate.json").read_text())
    assert not found["sent"]
    assert found["records"] > 5_000
