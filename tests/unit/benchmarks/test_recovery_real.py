"""Kills and rebalances of real workers, with a state that is small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import rebalance, recovery, result
from benchmarks.full_dimensions import CUSTOMERS
from benchmarks.shape import PARTITIONS

pytestmark = pytest.mark.real

ORDERS = 1_000


def test_a_state_is_recovered_whole_and_every_order_gets_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An entry for each customer, order, payment, fulfilment and return, and a mark for each partition."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(result, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(rebalance, "STEADY", 1.0)
    recovery.command(orders=ORDERS, rate=100, keep="small", as_json=True)
    found = json.loads(capsys.readouterr().out)
    (kept,) = (tmp_path / "results").glob("*-small.json")
    assert json.loads(kept.read_text()) == found
    figures = {one["name"]: one["value"] for one in found["figures"]}
    assert figures["facts"] == CUSTOMERS + 5 * ORDERS
    assert figures["entries"] == figures["facts"] + PARTITIONS
    assert 0 < figures["recovery_cpu_seconds"] < 10
    assert figures["memory_empty"] > 50
    assert figures["orders_without_row"] == 0
    for kill in ("kill_alone", "kill_of_two"):
        # A dead member's session times out 7 s after its last heartbeat, which it may have sent 2 s before.
        assert 4 < figures[f"{kill}_first_row"] <= figures[f"{kill}_all_rows"] < 60
    for change in ("join", "leave"):
        assert 0 < figures[f"{change}_before"] < 5
        assert 0 < figures[f"{change}_staying"] < 60
        assert 0 < figures[f"{change}_moving"] < 60
