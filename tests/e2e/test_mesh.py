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
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from mesh.kernel.discovery import find_mesh
from mesh.kernel.warehouse import connect
from mesh.platform import client
from mesh.publish import Publisher
from tests.e2e.running_mesh import Mesh as RunningMesh
from tests.e2e.world import facts, segments

pytestmark = pytest.mark.real
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


def kill(mesh: Mesh, part: str) -> None:
    """kill -9 the process of a part; the supervisor starts it again."""
    pid = client.part_status(part, mesh.home).pid
    if pid:
        os.kill(pid, signal.SIGKILL)


def test_killed_workers_and_sink_lose_and_double_nothing(mesh: Mesh) -> None:
    """kill -9 of every worker and of the sink during the ingest: rows right, totals to the digit."""
    client.scale("orders-enriched", 2, mesh.home)
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


def test_everything_again_in_another_order_changes_nothing(mesh: Mesh) -> None:
    """The extract ingested a second time, shuffled: the same rows."""
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


def test_poison_is_parked_alone_and_counted(mesh: Mesh) -> None:
    """One undecodable record in each topic that lands: parked with its reason, nothing else disturbed."""
    settings = mesh.settings
    producer = Producer({"bootstrap.servers": settings.kafka})
    topics = [port.topic for port in find_mesh(settings).ports.values() if port.table]
    for topic in topics:
        producer.produce(topic, b"\x00\x00\x00\x00\x01poison", b"world-5:c1", partition=0)
    producer.flush(30)
    mesh.require_equal(parked=len(topics))
    rows = (
        connect(settings)
        .query("SELECT topic, code FROM mesh.dead_letters WHERE consumer = 'mesh.sink' ORDER BY topic")
        .result_rows
    )
    assert sorted(topic for topic, _ in rows) == sorted(topics)
    assert {code for _, code in rows} <= {"undecodable", "schema-unknown"}


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
    time.sleep(5)
    kill(mesh, "sink-1")
    client.start_part("warehouse", mesh.home)
    client.start_part("registry", mesh.home)
    mesh.require_equal(parked=len([p for p in find_mesh(mesh.settings).ports.values() if p.table]))
