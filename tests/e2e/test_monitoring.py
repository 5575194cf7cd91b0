"""The mesh as Prometheus sees it: every part is watched, every metric is there, and every fault shows.

The tests of this module run in their order on one mesh and add to its facts.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from mesh.kernel.metrics import REGISTRY
from mesh.kernel.names import SINK
from mesh.platform import client
from mesh.publish import Publisher
from tests.e2e.running_mesh import Mesh
from tests.e2e.world import facts

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.watched]

ORDERS = "sales.public.order-placed.v1"
PARTS = {
    *("warehouse", "prometheus", "alertmanager", "monitor", "pager", "scheduler"),
    *("orders-enriched-1", "customer-mastering-1", "customer-360-1", "sink-1"),
}
SERVICES = {"broker", "registry", "warehouse", "prometheus", "alertmanager"}
UNSEEN = {
    "mesh_records_parked_total": "no record was bad",
    "mesh_records_rewritten_total": "no record had another writer's schema",
    "mesh_waits_total": "no part was away",
    "mesh_pages_total": "nobody had to be paged",
    "mesh_open_incidents": "nothing was wrong",
}
"""Metrics without a series on a mesh where all is well, and why."""
PATIENCE = 120.0  # seconds


class Watched(Mesh):
    """A mesh that can be asked in Prometheus' language."""

    def query(self, expression: str) -> dict[str, float]:
        """The value of each series, by its topic, else its part."""
        answer = httpx.get(
            f"{self.settings.prometheus}/api/v1/query", params={"query": expression}, timeout=30
        ).json()
        assert answer["status"] == "success", answer
        return {
            series["metric"].get("topic") or series["metric"].get("part", ""): float(series["value"][1])
            for series in answer["data"]["result"]
        }

    def publish(self, seed: int, orders: int) -> None:
        """Publish the facts of a small world."""
        with Publisher(self.settings) as publisher:
            for event, values in facts(seed=seed, orders=orders):
                publisher.publish(event, values)

    def move(self, positions: dict[int, int]) -> None:
        """Move what the sink has committed of the orders' partitions."""
        admin = AdminClient({"bootstrap.servers": self.settings.kafka})
        places = [TopicPartition(ORDERS, partition, offset) for partition, offset in positions.items()]
        request = ConsumerGroupTopicPartitions(SINK, places)
        admin.alter_consumer_group_offsets([request])[SINK].result(30)

    def by_partition(self, metric: str) -> dict[int, int]:
        """A metric of the orders' partitions, of half a minute, since a scrape may be late."""
        answer = httpx.get(
            f"{self.settings.prometheus}/api/v1/query",
            params={"query": f'last_over_time({metric}{{topic="{ORDERS}",application=~"|{SINK}"}}[30s])'},
            timeout=30,
        ).json()
        found = answer["data"]["result"]
        return {int(series["metric"]["partition"]): int(float(series["value"][1])) for series in found}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A running mesh with a little trade in it, ended afterwards whatever happened."""
    mesh = Watched(tmp_path_factory.mktemp("monitoring") / "home")
    try:
        started = mesh.run("up")
        assert started.returncode == 0, started.stdout + started.stderr
        mesh.publish(seed=1, orders=60)
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


def eventually(found: Callable[[], object], expected: object) -> float:
    """Wait until a value is as expected; the seconds that it took."""
    began = time.monotonic()
    while (value := found()) != expected:
        assert time.monotonic() < began + PATIENCE, f"{value} is not {expected}"
        time.sleep(0.5)
    return time.monotonic() - began


def test_every_part_that_serves_metrics_is_a_target_and_up(mesh: Watched) -> None:
    """With domain and product read from the topic of a series."""
    eventually(lambda: mesh.query('up{job="mesh"}'), dict.fromkeys(PARTS, 1.0))
    eventually(lambda: mesh.query("mesh_service_up"), dict.fromkeys(SERVICES, 1.0))
    labelled = 'sum(mesh_topic_end_offsets{domain="sales",product="order-placed"}) by (topic) > 0'
    eventually(lambda: set(mesh.query(labelled)), {ORDERS})


@pytest.mark.parametrize(
    ("part", "shows"), [("prometheus", "<title>Prometheus"), ("pager", "open incidents")]
)
def test_the_addresses_that_people_are_told_open_in_a_browser(mesh: Watched, part: str, shows: str) -> None:
    """Whatever page they lead to, it is there."""
    page = httpx.get(str(getattr(mesh.settings, part)), follow_redirects=True, trust_env=False)
    assert page.status_code == 200
    assert shows in page.text


def test_every_metric_of_the_list_is_seen(mesh: Watched) -> None:
    """Nothing is declared that no process measures; what needs a fault first is named with its reason."""
    home = mesh.home
    (home / "live.json").write_text(json.dumps({ORDERS: 3600}))
    (home / "certificates").mkdir()
    (home / "certificates" / "unreadable.pem").write_text("none")
    metrics = {
        family.name + {"counter": "_total", "histogram": "_count"}.get(family.type, "")
        for family in REGISTRY.collect()
    }

    def unseen() -> set[str]:
        answer = httpx.get(f"{mesh.settings.prometheus}/api/v1/label/__name__/values", timeout=30).json()
        return metrics - set(answer["data"])

    (home / "jobs.json").write_text(json.dumps({"quality": 5}))
    eventually(lambda: unseen() - UNSEEN.keys(), set())
    (home / "certificates" / "unreadable.pem").unlink()
    (home / "live.json").unlink()
    (home / "jobs.json").unlink()
    eventually(lambda: mesh.query("mesh_source_silence_limit_seconds"), {})


def test_a_stopped_worker_is_down(mesh: Watched) -> None:
    """It stays a target, so that its absence is a fact."""
    client.stop_part("customer-360-1", mesh.home)
    eventually(lambda: mesh.query('up{part="customer-360-1"}'), {"customer-360-1": 0.0})
    client.start_part("customer-360-1", mesh.home)
    eventually(lambda: mesh.query('up{part="customer-360-1"}'), {"customer-360-1": 1.0})


def test_the_ledger_is_whole_when_all_has_landed(mesh: Watched) -> None:
    """Every offset is accounted for, up to the end of each partition."""
    eventually(lambda: mesh.query("sum(mesh_behind_records) == 0"), {"": 0.0})
    eventually(lambda: mesh.query("sum(mesh_ledger_drift_records)"), {"": 0.0})
    eventually(
        lambda: mesh.by_partition("mesh_ledger_verified_offsets"), mesh.by_partition("mesh_topic_end_offsets")
    )
    assert sum(mesh.by_partition("mesh_topic_end_offsets").values()) >= 60


def test_records_wait_while_the_sink_is_stopped(mesh: Watched) -> None:
    """So many, and longer with every round."""
    client.stop_part("sink-1", mesh.home)
    mesh.publish(seed=2, orders=20)
    waiting = f'mesh_behind_records{{application="{SINK}",topic="{ORDERS}"}} > 0'
    eventually(lambda: set(mesh.query(waiting)), {ORDERS})
    seconds = f'mesh_behind_seconds{{application="{SINK}",topic="{ORDERS}"}}'
    eventually(lambda: mesh.query(f"{seconds} > 10").keys(), {ORDERS: 0}.keys())


def test_skipped_records_are_drift_until_they_are_read(mesh: Watched) -> None:
    """The sink says that it has landed them, and neither ledger nor dead letters know them."""
    ends, committed = mesh.by_partition("mesh_topic_end_offsets"), mesh.by_partition("mesh_committed_offsets")
    skipped = sum(ends.values()) - sum(committed.values())
    assert skipped >= 20
    drift = f'mesh_ledger_drift_records{{topic="{ORDERS}"}}'
    mesh.move(ends)
    took = eventually(lambda: mesh.query(drift), {ORDERS: float(skipped)})
    print(f"drift of {skipped} records after {took:.0f} s")
    assert mesh.query(f'sum(mesh_ledger_drift_records{{topic!="{ORDERS}"}})') == {"": 0.0}
    mesh.move(committed)
    eventually(lambda: mesh.query(drift), {ORDERS: 0.0})
    client.start_part("sink-1", mesh.home)
    eventually(lambda: mesh.by_partition("mesh_ledger_verified_offsets"), ends)
    assert mesh.query(drift) == {ORDERS: 0.0}


def test_a_registry_that_is_away_hides_nothing_else(mesh: Watched) -> None:
    """It is down and the others are up, and every kind of round goes on."""
    client.stop_part("registry", mesh.home)
    took = eventually(lambda: mesh.query("mesh_service_up == 0"), {"registry": 0.0})
    print(f"registry seen down after {took:.0f} s")
    late = "time() - min(mesh_monitor_last_round_timestamp_seconds) < 15"
    eventually(lambda: len(mesh.query(late)), 1)
    client.start_part("registry", mesh.home)
    eventually(lambda: mesh.query("mesh_service_up"), dict.fromkeys(SERVICES, 1.0))


def test_a_frozen_broker_is_seen_and_the_rest_goes_on(mesh: Watched) -> None:
    """It holds its connections and answers nothing; positions stand still, other rounds do not."""
    pid = client.part_status("broker", mesh.home).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: mesh.query("mesh_service_up == 0"), {"broker": 0.0})
        late = 'time() - min(mesh_monitor_last_round_timestamp_seconds{kind=~"services|machine"}) < 15'
        eventually(lambda: len(mesh.query(late)), 1)
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: mesh.query("mesh_service_up"), dict.fromkeys(SERVICES, 1.0))
