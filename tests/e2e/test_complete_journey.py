"""A real supermarket's year on a running mesh: 1.5 million lines land, and equal oracle and tills."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.running_mesh import Mesh

pytestmark = pytest.mark.real
LINES = 1_469_307 - 8_820 + 18_935
"""Rows of the tills, but for those without units and value, and what was split in two."""
PATIENCE = 900


def test_a_supermarkets_year_equals_the_oracle_and_its_tills(tmp_path: Path) -> None:
    """Every table to the row, and every total to the last digit, as it landed and as the files tell it."""
    mesh = Mesh(tmp_path / "home")
    try:
        started = mesh.run("up", "--retailer", "completejourney", "--no-monitoring")
        assert started.returncode == 0, started.stdout + started.stderr
        published = mesh.run("ingest", "data/completejourney/mapping.yaml", timeout=PATIENCE)
        assert published.returncode == 0, published.stdout + published.stderr
        done = mesh.run("reconcile", "--json", "--timeout", str(PATIENCE), timeout=2 * PATIENCE)
        assert done.returncode == 0, done.stdout[:6000] + done.stderr
        proof = json.loads(done.stdout)
    finally:
        print(mesh.run("down", "--purge").stdout)
    assert proof["equal"]
    lines = next(table for table in proof["tables"] if table["table"] == "sales.orders_enriched")
    assert lines["expected"] == lines["landed"] == LINES
    totals = {one["name"]: (one["source"], one["landed"]) for one in proof["totals"]}
    assert len(totals) > 10
    assert [name for name, (source, landed) in totals.items() if source != landed] == []
