"""The checker checked: faults planted in a warehouse that real parts have filled are each found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

pytestmark = pytest.mark.real

KIOSK = Path(__file__).parents[2] / "portal" / "docs" / "examples" / "kiosk"
PATIENCE = 240  # seconds, for parts and workers to start on a busy machine
FIGURES = ("missing", "unexpected", "different")


class FilledMesh:
    """A mesh on a home of its own, with the trade of a small till in it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def mesh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``mesh …`` and return what it said."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
        return subprocess.run(
            [sys.executable, "-m", "mesh.cli.main", *arguments],
            env={**clean, "MESH_HOME": str(self.home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def proof(self) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of ``mesh reconcile``."""
        done = self.mesh("reconcile", "--json", "--timeout", "120")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def warehouse(self) -> Any:
        """A client that may write."""
        address = json.loads((self.home / "platform.json").read_text())["settings"]["warehouse"]
        return clickhouse_connect.get_client(dsn=address, autogenerate_session_id=False)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledMesh]:
    """The mesh, started and filled once; ended afterwards whatever happened."""
    folder = tmp_path_factory.mktemp("reconcile")
    shutil.copytree(KIOSK, folder / "kiosk")
    # its till has rows that the contract refuses, so that its own totals differ, which is not the point here
    (folder / "kiosk" / "totals.yaml").unlink()
    filled = FilledMesh(folder / "home")
    try:
        started = filled.mesh("up", "--retailer", f"{folder / 'kiosk'}/", "--no-monitoring")
        assert started.returncode == 0, started.stderr + started.stdout
        ingested = filled.mesh("ingest", str(folder / "kiosk" / "mapping.yaml"))
        assert ingested.returncode == 0, ingested.stderr + ingested.stdout
        yield filled
    finally:
        print(filled.mesh("down", "--purge").stdout)


def wrong(proof: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The tables that are not as they must be: missing, unexpected, different."""
    figures = {table["table"]: tuple(table[name] for name in FIGURES) for table in proof["tables"]}
    return {table: found for table, found in figures.items() if any(found)}


def test_planted_faults_are_found_and_nothing_else(filled: FilledMesh) -> None:
    """All is equal before; then a wrong row, a deleted row and a row that readers see twice are each found.

    A row that stands there twice, but that readers see once, is counted as a copy and is no fault.
    """
    code, proof = filled.proof()
    assert (code, wrong(proof), proof["findings"]) == (0, {}, [])
    assert {t["table"]: t["expected"] for t in proof["tables"]}["sales.orders_enriched"] > 0
    assert sum(partition["landed"] for partition in proof["partitions"]) > 0

    client = filled.warehouse()
    client.command(
        "INSERT INTO sales.orders_enriched_v1 "
        "SELECT * REPLACE (quantity + 1 AS quantity, version + 1 AS version) "
        "FROM sales.orders_enriched_v1 FINAL ORDER BY order_id, line_number LIMIT 1"
    )
    client.command(
        "INSERT INTO sales.orders_enriched_v1 SELECT * REPLACE (ordered_at + INTERVAL 3 DAY AS ordered_at) "
        "FROM sales.orders_enriched_v1 FINAL ORDER BY order_id DESC, line_number LIMIT 1"
    )
    client.command(
        "ALTER TABLE sales.transactions_v1 DELETE WHERE transaction_id = "
        "(SELECT min(transaction_id) FROM sales.transactions) SETTINGS mutations_sync = 2"
    )
    client.command("SYSTEM STOP MERGES product.products_v1")
    client.command("INSERT INTO product.products_v1 SELECT * FROM product.products_v1 FINAL LIMIT 1")

    code, proof = filled.proof()
    assert code == 1
    assert {t["table"]: t["copies"] for t in proof["tables"] if t["copies"]} == {"product.products": 1}
    found = wrong(proof)
    missing, unexpected, different = found.pop("sales.orders_enriched")
    # of the row that is there twice, either copy may be the one that is compared
    assert (missing, different) in {(0, 1), (0, 2)}
    assert unexpected >= 1
    assert found == {"sales.transactions": (1, 0, 0)}
    told = {(finding["table"], finding["column"]) for finding in proof["findings"]}
    assert {("sales.orders_enriched", "quantity"), ("sales.orders_enriched", "version")} <= told
    assert ("sales.transactions", "(the row)") in told


def test_a_lag_is_named_when_time_is_up(filled: FilledMesh) -> None:
    """With no time to wait, the answer is who has not settled rather than a difference."""
    done = filled.mesh("reconcile", "--timeout", "0")
    assert done.returncode == 2
    assert "still-lagging" in done.stderr
