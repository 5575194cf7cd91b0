"""A simulated retailer on real parts: whatever its events suffer, every row is right and nothing is lost."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.home_file import LIVE
from mesh.kernel.warehouse import connect
from mesh.simulate.clock import SECOND
from mesh.simulate.run import TRADE
from tests.e2e.running_mesh import Mesh

pytestmark = pytest.mark.real
FAULTS = ("--late", "2", "--duplicates", "1", "--shuffled", "1", "--bad", "1")
RATE = 200
ORDERS = "sales.public.order-placed.v1"
HISTORY = ("simulate", "strideright", "--customers", "1500", "--days", "56")
BROKEN = {"refused", "undecodable", "schema-unknown", "key-mismatch", "event-time-ahead"}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh of StrideRight, ended afterwards whatever happened."""
    mesh = Mesh(tmp_path_factory.mktemp("simulation") / "home")
    try:
        started = mesh.run("up", "--retailer", "strideright", "--no-monitoring")
        assert started.returncode == 0, started.stderr + started.stdout
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


def simulate(mesh: Mesh, *arguments: str) -> dict[str, Any]:
    """Run a history and return its report."""
    done = mesh.run(*HISTORY, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def require_equal(mesh: Mesh) -> dict[str, Any]:
    """Reconcile and require that nothing differs."""
    done = mesh.run("reconcile", "--json", "--timeout", "240")
    assert done.returncode in (0, 1), done.stderr
    proof: dict[str, Any] = json.loads(done.stdout)
    assert proof["equal"], json.dumps(proof, indent=1)[:6000]
    return proof


def rows(mesh: Mesh) -> dict[str, int]:
    """The rows of every view that readers use."""
    client = connect(mesh.settings)
    views = [port.view for port in find_mesh(mesh.settings).ports.values() if port.view]
    found = {view: int(client.command(f"SELECT count() FROM {view}")) for view in views}
    client.close()
    return found


def events_a_second(report: dict[str, Any]) -> float:
    """Of live trade, without what describes its world: from its beginning until the last record had left."""
    began = datetime.strptime(report["tag"].rsplit("-", 1)[1] + "+0000", "%Y%m%dT%H%M%S%z").timestamp()
    *_, last = Path(report["truth"]).read_text(encoding="utf-8").splitlines()
    published = sum(event["published"] for event in report["events"] if event["event"] in TRADE)
    return published / (json.loads(last)["left_until"] / SECOND - began)


def test_every_row_is_right_and_every_bad_event_is_parked(mesh: Mesh) -> None:
    """With late, doubled, shuffled and broken events: tables equal the oracle's, and none is lost."""
    report = simulate(mesh, *FAULTS)
    proof = require_equal(mesh)
    injected = {fault["fault"]: fault for fault in proof["injected"]}
    assert {"late", "duplicate", "shuffled"} <= set(injected)
    bad = {event["event"]: event["faults"].get("bad", 0) for event in report["events"]}
    assert all(bad[name] for name in ("OrderPlaced", "ContactMade", "WebSessionEnded", "StockCounted"))
    told = sum(bad.values())
    assert sum(injected[fault]["parked"] for fault in BROKEN & set(injected)) == told > 100
    orders = next(table for table in proof["tables"] if table["table"] == "sales.orders")
    assert orders["landed"] > 200


def test_the_same_seed_told_again_changes_nothing(mesh: Mesh) -> None:
    """A history is its own repetition: more records, the same rows."""
    before = rows(mesh)
    simulate(mesh, *FAULTS)
    require_equal(mesh)
    assert rows(mesh) == before


def test_live_trade_flows_at_its_rate_until_it_is_ended(mesh: Mesh) -> None:
    """All its topics together; orders of this minute, their parcels after them; and still nothing differs."""
    began = time.time()
    live = mesh.start(
        "simulate", "strideright", "--live", "--rate", str(RATE), "--customers", "1500", "--json", *FAULTS
    )
    time.sleep(20)
    declared = mesh.settings.home / LIVE
    assert json.loads(declared.read_text()) == {ORDERS: 60}
    live.send_signal(signal.SIGTERM)
    out, _ = live.communicate(timeout=60)
    assert live.returncode == 0, out
    assert json.loads(declared.read_text()) == {}
    report = json.loads(out[out.index("{") :])
    assert events_a_second(report) == pytest.approx(RATE, rel=0.25), report["events"]
    require_equal(mesh)
    client = connect(mesh.settings)
    live_orders = client.query(
        "SELECT count(), countIf(order_status IN ('Shipped', 'Delivered')) FROM sales.orders_enriched "
        "WHERE ordered_at >= fromUnixTimestamp64Micro({since: Int64})",
        {"since": int(began * 1e6) - 1_000_000},
    ).result_rows[0]
    client.close()
    assert live_orders[0] > 50
    assert live_orders[1] > 5
