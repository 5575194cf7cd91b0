"""The whole mesh on real parts: whatever happens on the way, every landed row equals the batch oracle's.

The tests of this module run in their order on one mesh and add to its facts.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from domains.sales.events import OrderPlaced
from mesh.kernel.discovery import find_mesh
from mesh.kernel.names import ORDERS_ENRICHED, SINK
from mesh.kernel.warehouse import connect
from mesh.platform import client, workers
from mesh.platform.paths import ROOT
from mesh.platform.ports import Ports
from mesh.publish import Publisher
from streams.applications import READS
from streams.engine.kernel import KERNEL
from tests.e2e.mixed_batches import Mixed
from tests.e2e.running_mesh import Mesh as RunningMesh
from tests.e2e.world import Fact, facts, segments

pytestmark = pytest.mark.real
PATIENCE = 120.0  # seconds
MAPPING = "data/adventureworks/mapping.yaml"
PUBLISHED = {
    "orders": "31465",
    "lines": "121317",
    "units": "274914",
    "gross": "110373889.3134",
    "discount": "527507.8884",
    "net": "109846381.4250",
}


class Mesh(RunningMesh):
    """A mesh that is held against the oracle."""

    def reconcile(self) -> dict[str, Any]:
        """What ``mesh reconcile --json`` found, whatever its verdict."""
        done = self.run("reconcile", "--json", "--timeout", "300")
        assert done.returncode in (0, 1), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def require_equal(self, *, parked: int = 0) -> dict[str, Any]:
        """Reconcile and require that no table and no partition differs; ``parked`` records by the sink."""
        found = self.reconcile()
        wrong = [t for t in found["tables"] if t["missing"] or t["unexpected"] or t["different"]]
        assert not wrong, json.dumps(found, indent=1)[:6000]
        lost = [p for p in found["partitions"] if p["produced"] != p["landed"] + p["parked"] and p["landed"]]
        assert not lost, lost
        assert sum(p["parked"] for p in found["partitions"]) == parked
        return found


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A running mesh with two processes an application, ended afterwards whatever happened."""
    mesh = Mesh(tmp_path_factory.mktemp("mesh") / "home")
    try:
        started = mesh.run("up", "--retailer", "adventureworks", "--no-monitoring")
        assert started.returncode == 0, started.stdout + started.stderr
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


def metric(mesh: Mesh, name: str, part: str = "") -> Counter[tuple[str, str]]:
    """A counter as the living processes tell it, or one of them, by application and topic."""
    found = Counter[tuple[str, str]]()
    for one in client.status(mesh.home):
        if one.kind == "worker" and part in ("", one.name):
            text = httpx.get(one.address, timeout=30).text
            for family in text_string_to_metric_families(text):
                for sample in family.samples if family.name == name else ():
                    if sample.name == f"{name}_total":
                        found[sample.labels["application"], sample.labels["topic"]] += int(sample.value)
    return found


def add_worker_in_python(mesh: Mesh, app: str, index: int) -> None:
    """Start one more process of an application, without the compiled kernel; return when it is ready."""
    paths = client.paths_of(mesh.home)
    with Ports(report=lambda _: None) as ports:
        part = workers.declare(paths, app, index, ports.near(workers.METRICS_PORT))
        client.declare([replace(part, env={**part.env, "STREAMS_KERNEL": "off"})], {}, paths)
    client.start_part(part.name, mesh.home)


def compiled(mesh: Mesh, part: str) -> bool:
    """Whether the process of a part has loaded the kernel."""
    process = psutil.Process(client.part_status(part, mesh.home).pid)
    return any(one.path.startswith(str(ROOT / "streams")) for one in process.memory_maps())


def kill(mesh: Mesh, part: str) -> None:
    """kill -9 the process of a part; the supervisor starts it again."""
    pid = client.part_status(part, mesh.home).pid
    if pid:
        os.kill(pid, signal.SIGKILL)


def test_killed_workers_and_sink_lose_and_double_nothing(mesh: Mesh) -> None:
    """kill -9 of every worker and of the sink during the ingest: rows right, totals to the digit.

    One worker of the orders runs compiled, if there was a compiler, and the other in Python: either goes on
    from the state that the other left.
    """
    add_worker_in_python(mesh, "orders-enriched", 2)
    ingest = mesh.start("ingest", MAPPING)
    victims = [p.name for p in client.status(mesh.home) if p.name[-1].isdigit()]
    chance = random.Random(11)
    chance.shuffle(victims)
    for victim in victims:
        time.sleep(chance.uniform(1, 3))
        kill(mesh, victim)
    output, _ = ingest.communicate(timeout=120)
    assert ingest.returncode == 0, output
    found = mesh.require_equal()
    totals = {t["name"]: t for t in found["totals"]}
    for name, value in PUBLISHED.items():
        assert totals[name]["source"] == totals[name]["landed"] == totals[name]["published"] == value
    assert all(t["source"] == t["landed"] for t in found["totals"])
    restarted = {p.name for p in client.status(mesh.home) if p.restarts}
    assert set(victims) <= restarted
    assert compiled(mesh, "orders-enriched-1") == (KERNEL is not None)
    assert not compiled(mesh, "orders-enriched-2")


def test_everything_again_in_another_order_changes_nothing(mesh: Mesh) -> None:
    """The extract ingested a second time, shuffled, to both ways of folding: the same rows."""
    before = (
        connect(mesh.settings)
        .query("SELECT count(), sum(net), sum(cost) FROM sales.orders_enriched")
        .result_rows
    )
    assert mesh.run("ingest", MAPPING, "--shuffle", "7").returncode == 0
    mesh.require_equal()
    after = (
        connect(mesh.settings)
        .query("SELECT count(), sum(net), sum(cost) FROM sales.orders_enriched")
        .result_rows
    )
    assert before == after
    for part in ("orders-enriched-1", "orders-enriched-2"):
        assert (
            metric(mesh, "mesh_records_read", part)[ORDERS_ENRICHED, "sales.public.order-placed.v1"] > 10_000
        )


def test_awkward_facts_in_any_order_give_the_oracles_rows(mesh: Mesh) -> None:
    """Amended orders, late dimensions, revisions, guests, returns, segments; workers killed meanwhile."""
    world = facts(seed=5, orders=1200) + segments(seed=5)
    random.Random(5).shuffle(world)

    def send() -> None:
        with Publisher(mesh.settings) as publisher:
            for number, (event, values) in enumerate(world):
                publisher.publish(event, values)
                if number % 500 == 0:
                    time.sleep(0.2)

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(1)
    kill(mesh, "orders-enriched-1")
    time.sleep(2)
    kill(mesh, "customer-360-1")
    sender.join(120)
    mesh.require_equal()


def test_a_bad_or_foreign_record_in_a_batch_changes_no_row_of_another(mesh: Mesh) -> None:
    """One poison record in each topic: the sink and every stream that reads it park it alone, in its place.

    Around it in the same batch are good facts, of which some were written under an older or a newer schema.
    The rows of all are the oracle's. Streams tell how many records they have written anew.
    """
    before = rewritten(mesh)
    mixed, world = Mixed(mesh.settings), facts(seed=7, orders=60)
    mixed.publish(world, b"world-5:c1")
    mesh.require_equal(parked=len(mixed.landing))
    readers = {SINK: mixed.landing, **READS}
    wanted = {
        (name, *place) for name, topics in readers.items() for place in mixed.poison if place.topic in topics
    }
    warehouse = connect(mesh.settings)
    parked = "SELECT consumer, topic, partition, offset, code FROM mesh.dead_letters"
    deadline = time.monotonic() + PATIENCE
    while len(rows := warehouse.query(parked).result_rows) < len(wanted) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert sorted(row[:4] for row in rows) == sorted(wanted)
    assert {row[4] for row in rows} <= {"undecodable", "schema-unknown"}
    landed = warehouse.query(
        "SELECT DISTINCT order_id FROM sales.orders_enriched WHERE startsWith(order_id, 'world-7:')"
    ).result_rows
    newest = {values["order_id"]: values for event, values in sorted(world, key=seq) if event is OrderPlaced}
    assert {order for order, values in newest.items() if values["lines"]} <= {order for (order,) in landed}
    foreign = {
        (name, topic): count + 1  # the poison is tried as well
        for name, topics in READS.items()
        for topic, count in mixed.foreign.items()
        if topic in topics
    }
    assert len(foreign) == 3  # two of orders-enriched, one of customer-360
    told = rewritten(mesh) - before
    assert {place: told[place] for place in foreign} == foreign


def seq(fact: Fact) -> int:
    """The number of a fact's revision."""
    number: int = fact[1]["seq"]
    return number


def rewritten(mesh: Mesh) -> Counter[tuple[str, str]]:
    """How many records the streams' processes have written anew, by application and topic."""
    return metric(mesh, "mesh_records_rewritten")


def test_registry_and_warehouse_away_for_a_while_lose_nothing(mesh: Mesh) -> None:
    """Both stopped while facts are published; when they are back everything lands."""
    with Publisher(mesh.settings) as publisher:
        world = facts(seed=6, orders=300)
        publisher.publish(*world[0])
        publisher.flush()
        client.stop_part("registry", mesh.home)
        client.stop_part("warehouse", mesh.home)
        for event, values in world[1:]:
            publisher.publish(event, values)
    log, deadline = client.paths_of(mesh.home).log("sink-1"), time.monotonic() + PATIENCE
    while "the warehouse is away" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    kill(mesh, "sink-1")
    client.start_part("warehouse", mesh.home)
    client.start_part("registry", mesh.home)
    mesh.require_equal(parked=len([p for p in find_mesh(mesh.settings).ports.values() if p.table]))
