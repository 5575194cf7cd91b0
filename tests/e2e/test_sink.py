"""The sink on a real broker, registry and warehouse: killed at every step, alone and in company.

After each test every record that was published is in the ledger or in the dead letters, exactly once as a
reader sees it. The tests share one platform and add to its records.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer

from mesh import provisioning
from mesh.kernel.contract import Port
from mesh.kernel.settings import Settings, load_settings
from mesh.kernel.warehouse import connect
from mesh.platform import client as platform
from mesh.platform import launch
from schemas.codec import Codec
from schemas.registry import schema_ids
from schemas.wire import partition
from tests.unit.sinks.samples import LANDED, MESH, ORDERS, PRODUCTS, record

pytestmark = pytest.mark.real
PARTS = ["broker", "registry", "warehouse"]
PATIENCE = 180.0
POISON = b"poison"


class World:
    """A platform, what was published on it, and the sinks that run."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings: Settings = load_settings(home=home)
        self.expected: dict[str, set[tuple[int, int]]] = defaultdict(set)
        self.poison: set[tuple[str, int, int]] = set()
        self.products = 0
        ids = schema_ids(self.settings)
        self._codecs = {port.topic: Codec.of_port(port, ids[port.topic]) for port in (PRODUCTS, ORDERS)}
        self._producer = Producer({"bootstrap.servers": self.settings.kafka, "linger.ms": 5})
        self._sinks: list[subprocess.Popen[bytes]] = []
        self._log = home.parent / "sink.log"

    def client(self) -> Client:
        """A client of the warehouse."""
        return connect(self.settings)

    def publish(self, rows: int, *, poison_every: int = 50) -> None:
        """So many new products and orders each, with poison among them."""
        now = datetime.now(UTC)
        product = record(PRODUCTS, occurred_at=now).model_dump()
        order = record(ORDERS, occurred_at=now).model_dump()
        for n in range(self.products, self.products + rows):
            account = f"shop:{n % 97}"
            self._send(PRODUCTS, {**product, "product_id": f"p{n}"}, "", poison=n % poison_every == 0)
            fact = {**order, "order_id": f"o{n}", "account": account}
            self._send(ORDERS, fact, account, poison=n % poison_every == 1)
        self.products += rows
        assert self._producer.flush(30) == 0

    def poison_everywhere(self) -> None:
        """One poisoned record in each topic that lands."""
        for port in LANDED:
            self._put(port, 0, b"key", POISON, poison=True)
        assert self._producer.flush(30) == 0

    def produce(self, topic: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """A record of any topic, which this world does not count."""
        self._producer.produce(topic, value, b"k", headers=headers)
        assert self._producer.flush(30) == 0

    def _send(self, port: Port, fields: dict[str, Any], account: str, *, poison: bool) -> None:
        value = POISON if poison else self._codecs[port.topic].encode(fields)
        where = partition(account.encode(), port.partitions) if port.partition_by else 0
        # poison has a key of its own: behind it the records of a key would wait
        key = b"poison-%d" % len(self.poison) if poison else port.key_of(fields).encode()
        self._put(port, where, key, value, poison=poison)

    def _put(self, port: Port, where: int, key: bytes, value: bytes, *, poison: bool) -> None:
        def delivered(error: object, message: Any) -> None:
            assert error is None, error
            place = message.partition(), message.offset()
            if poison:
                self.poison.add((port.topic, *place))
            else:
                self.expected[port.topic].add(place)

        self._producer.produce(port.topic, value, key, where, on_delivery=delivered)
        self._producer.poll(0)

    def sink(self, step: str = "never", count: int = 1, **environment: str) -> subprocess.Popen[bytes]:
        """Start a sink that dies at a step."""
        clean = {name: text for name, text in os.environ.items() if not name.startswith("MESH_")}
        with self._log.open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.mortal_sink", step, str(count)],
                env={**clean, "MESH_HOME": str(self.home), **environment},
                stdout=log,
                stderr=log,
            )
        self._sinks.append(started)
        return started

    def require_exact(self) -> None:
        """Wait until nothing is missing; then require that nothing is doubled, lost or not ours."""
        client = self.client()
        deadline = time.monotonic() + PATIENCE
        while (found := self._landed(client)) != self.expected or self._parked(client) != self.poison:
            running = [sink.poll() for sink in self._sinks]
            assert time.monotonic() < deadline, f"{self._difference(found)} {running} {self.log()[-3000:]}"
            time.sleep(0.2)
        doubled = "SELECT count() - uniqExact(topic, partition, offset) FROM mesh.raw_events"
        assert client.command(doubled) == 0
        for port, key in ((PRODUCTS, "product_id"), (ORDERS, "order_id")):
            rows = client.query(f"SELECT count(), uniqExact({key}) FROM {port.view}").result_rows
            assert rows == [(len(self.expected[port.topic]),) * 2]
        assert client.command("SELECT count() FROM mesh.dead_letters WHERE consumer = 'mesh.sink'") == len(
            self.poison
        )
        client.close()

    def _landed(self, client: Client) -> dict[str, set[tuple[int, int]]]:
        found: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for topic, *place in client.query("SELECT topic, partition, offset FROM mesh.raw_events").result_rows:
            found[topic].add((place[0], place[1]))
        return found

    @staticmethod
    def _parked(client: Client) -> set[tuple[str, int, int]]:
        query = "SELECT topic, partition, offset FROM mesh.dead_letters WHERE consumer = 'mesh.sink'"
        return {(topic, where, offset) for topic, where, offset in client.query(query).result_rows}

    def _difference(self, found: dict[str, set[tuple[int, int]]]) -> str:
        return "; ".join(
            f"{topic}: {len(self.expected[topic] - found[topic])} missing, "
            f"{len(found[topic] - self.expected[topic])} unexpected"
            for topic in {*found, *self.expected}
        )

    def log(self) -> str:
        """What the sinks have printed."""
        return self._log.read_text()

    def end(self) -> None:
        """End every sink as an operator would."""
        for sink in self._sinks:
            if sink.poll() is None:
                sink.terminate()
        for sink in self._sinks:
            sink.wait(timeout=30)
        self._sinks.clear()


@pytest.fixture(scope="module")
def platform_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Broker, registry and warehouse, with topics, schemas and tables."""
    home = tmp_path_factory.mktemp("sink") / "home"
    launch.up(only=PARTS, home=home)
    try:
        provisioning.apply(load_settings(home=home), lambda line: None)
        yield home
    finally:
        launch.down(purge=True, home=home)


@pytest.fixture(scope="module")
def shared(platform_home: Path) -> World:
    """What was published so far."""
    return World(platform_home)


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """The world, without a sink at the beginning and at the end."""
    yield shared
    shared.end()


def test_a_sink_killed_at_any_step_loses_and_doubles_nothing(world: World) -> None:
    """Before, during and after the insert, after parking, after the commit; each on new records."""
    for step in ("before-insert", "during-insert", "after-insert", "after-parking", "after-commit"):
        world.publish(400)
        assert world.sink(step, 2).wait(timeout=PATIENCE) == -signal.SIGKILL, world.log()[-3000:]
    world.sink()
    world.require_exact()


def test_partitions_that_move_between_two_sinks_lose_nothing(world: World) -> None:
    """A second one joins under load, and one of the two is killed after an insert.

    One of them runs compiled, if there was a compiler, and the other in Python: their rows are the same.
    """
    world.publish(300)
    first = world.sink("after-insert", 12)
    time.sleep(2)
    second = world.sink(STREAMS_KERNEL="off")
    deadline = time.monotonic() + PATIENCE
    while first.poll() is None and time.monotonic() < deadline:
        world.publish(100)
        time.sleep(0.3)
    assert first.poll() == -signal.SIGKILL
    world.publish(200)
    world.require_exact()
    assert second.poll() is None


def test_a_warehouse_that_is_away_is_waited_for(world: World) -> None:
    """Nothing is parked meanwhile, and the sink stops at once when asked to."""
    world.publish(200)
    sink = world.sink()
    world.require_exact()
    platform.stop_part("warehouse", world.home)
    world.publish(200)
    deadline = time.monotonic() + PATIENCE
    while "the warehouse is away" not in world.log():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    sink.terminate()
    assert sink.wait(timeout=15) == 0
    platform.start_part("warehouse", world.home)
    world.sink()
    world.require_exact()


def test_poison_in_any_topic_is_parked_once(world: World) -> None:
    """And dead letters that others wrote land beside it, whatever their headers."""
    world.poison_everywhere()
    dead = ORDERS.dead_letters
    world.produce(
        dead, b"row", [("mesh-consumer", b"ingest"), ("mesh-file", b"a.csv"), ("mesh-offset", b"3")]
    )
    world.produce(
        dead, b"x", [("mesh-consumer", b"mesh.orders-enriched"), ("mesh-offset", b"\xff"), ("other", b"")]
    )
    world.produce(MESH.port("sales.public.orders-enriched.v1").dead_letters, b"", [])
    world.sink()
    world.require_exact()
    client = world.client()
    query = (
        "SELECT consumer, file, offset, length(value) FROM mesh.dead_letters_clear "
        "WHERE consumer != 'mesh.sink' ORDER BY consumer"
    )
    deadline = time.monotonic() + PATIENCE
    while len(rows := client.query(query).result_rows) < 3 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert rows == [("", "", -1, 0), ("ingest", "a.csv", 3, 3), ("mesh.orders-enriched", "", -1, 1)]
    topics = {topic for topic, _, _ in world.poison}
    assert topics == {port.topic for port in LANDED}
