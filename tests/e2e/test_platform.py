"""The local platform with its real parts, broker, registry and warehouse, steered as a person would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from mesh.platform import client
from mesh.platform.ports import HOST

pytestmark = pytest.mark.real

MEMORY_LIMIT = 750 << 20  # bytes, both JVMs together
PATIENCE = 180.0  # seconds
SUBJECT = "platform-test-value"


class Platform:
    """The command line on a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def mesh(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``mesh …`` and return what it said."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
        return subprocess.run(
            [sys.executable, "-m", "mesh.cli.main", *arguments],
            env={**clean, "MESH_HOME": str(self.home), "COLUMNS": "200", **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def part(self, name: str) -> dict[str, Any]:
        """One part, as ``mesh status --json`` shows it."""
        parts = json.loads(self.mesh("status", "--json").stdout)["parts"]
        found: dict[str, Any] = next(part for part in parts if part["name"] == name)
        return found

    def settings(self) -> dict[str, str]:
        """The addresses, as every program of the mesh finds them."""
        found: dict[str, str] = json.loads((self.home / "platform.json").read_text())["settings"]
        return found

    def registry(self) -> SchemaRegistryClient:
        """A client of the registry."""
        return SchemaRegistryClient({"url": self.settings()["registry"]})


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Broker, registry and warehouse, started once; ended afterwards whatever happened."""
    platform = Platform(tmp_path_factory.mktemp("platform") / "home")
    try:
        started = platform.mesh("up", "--no-workers")
        assert started.returncode == 0, started.stderr + started.stdout
        print(started.stdout)
        yield platform
    finally:
        print(platform.mesh("down", "--purge").stdout)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.2)


def schema(*more: dict[str, Any]) -> Schema:
    """A record with one field, and more."""
    fields = [{"name": "id", "type": "string"}, *more]
    return Schema(
        json.dumps({"type": "record", "name": "Probe", "namespace": "test", "fields": fields}), "AVRO"
    )


def make_topic(platform: Platform, name: str) -> None:
    """A topic of one partition."""
    admin = AdminClient({"bootstrap.servers": platform.settings()["kafka"]})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)


def produce(platform: Platform, topic: str, count: int) -> int:
    """Send records and return how many were acknowledged."""
    acknowledged = 0

    def delivered(error: object, _message: object) -> None:
        nonlocal acknowledged
        acknowledged += error is None

    producer = Producer({"bootstrap.servers": platform.settings()["kafka"], "enable.idempotence": True})
    for number in range(count):
        producer.produce(topic, str(number).encode(), on_delivery=delivered)
    producer.flush(60)
    return acknowledged


def high_watermark(platform: Platform, topic: str) -> int:
    """The number of records in a topic of one partition."""
    consumer = Consumer({"bootstrap.servers": platform.settings()["kafka"], "group.id": "look"})
    try:
        return int(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1])
    finally:
        consumer.close()


def test_status_shows_every_part(platform: Platform) -> None:
    """Process, address, health, version and memory, as a table and as JSON."""
    shown = platform.mesh("status")
    assert shown.returncode == 0
    for name, version in (("broker", "4.0.2"), ("registry", "3.3.3"), ("warehouse", "chdb")):
        part = platform.part(name)
        assert part["state"] == "ready"
        assert part["version"].startswith(version)
        assert part["memory_bytes"] > 10 << 20
        assert str(part["pid"]) in shown.stdout
        assert part["address"] in shown.stdout


def test_parts_listen_on_this_machine_only(platform: Platform) -> None:
    """No port is open to the network."""
    for name in ("broker", "registry", "warehouse"):
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(platform.part(name)["pid"]).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert {address.removeprefix("::ffff:") for address in listening} == {HOST}


def test_a_second_up_changes_nothing(platform: Platform) -> None:
    """It says so, ends well, and every process is the same."""
    before = [platform.part(name)["pid"] for name in ("broker", "registry", "warehouse")]
    second = platform.mesh("up", "--no-workers")
    assert second.returncode == 0
    assert "already runs" in second.stdout
    assert [platform.part(name)["pid"] for name in ("broker", "registry", "warehouse")] == before


def test_another_retailer_is_refused_while_it_runs(platform: Platform) -> None:
    """One mesh, one retailer: the line says how to change it."""
    other = platform.mesh("up", "--no-workers", "--retailer", "other")
    assert other.returncode == 2
    assert other.stderr.startswith("PlatformError[retailer-differs]")
    assert "mesh down" in other.stderr


def test_an_unknown_part_names_the_nearest(platform: Platform) -> None:
    """`mesh up --only brokr` and `mesh logs brokr`: one line with the remedy."""
    for arguments in (("up", "--only", "brokr"), ("logs", "brokr")):
        refused = platform.mesh(*arguments)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert "did you mean 'broker'" in refused.stderr


def test_logs_show_what_a_part_said(platform: Platform) -> None:
    """The broker's log tells of its start."""
    shown = platform.mesh("logs", "broker", "-n", "100000")
    assert "Kafka Server started" in shown.stdout


def test_topics_are_never_made_by_accident(platform: Platform) -> None:
    """A misspelt topic is an error, not a new topic."""
    assert produce_to_unknown(platform) == 0


def produce_to_unknown(platform: Platform) -> int:
    """Send to a topic that does not exist; how many were acknowledged."""
    acknowledged: list[object] = []
    producer = Producer({"bootstrap.servers": platform.settings()["kafka"], "message.timeout.ms": 3000})
    producer.produce("no.such.topic", b"x", on_delivery=lambda error, _: acknowledged.append(error))
    producer.flush(10)
    return sum(error is None for error in acknowledged)


def test_the_registry_refuses_what_is_not_fully_compatible(platform: Platform) -> None:
    """FULL_TRANSITIVE: a field without default is refused (409), one with default is taken."""
    registry = platform.registry()
    registry.set_compatibility(SUBJECT, level="FULL_TRANSITIVE")
    registry.register_schema(SUBJECT, schema())
    with pytest.raises(SchemaRegistryError) as refused:
        registry.register_schema(SUBJECT, schema({"name": "more", "type": "string"}))
    assert refused.value.http_status_code == 409
    registry.register_schema(SUBJECT, schema({"name": "more", "type": ["null", "string"], "default": None}))
    assert registry.get_versions(SUBJECT) == [1, 2]


def test_a_killed_broker_comes_back_with_every_record(platform: Platform) -> None:
    """kill -9 after the acknowledgement: nothing is lost, and the address stays."""
    make_topic(platform, "kill")
    acknowledged = produce(platform, "kill", 20_000)
    before = platform.part("broker")
    os.kill(before["pid"], signal.SIGKILL)
    began = time.monotonic()
    eventually(lambda: platform.part("broker")["restarts"] > before["restarts"])
    client.wait_ready(["broker"], platform.home)
    print(f"broker back after {time.monotonic() - began:.1f} s")
    assert acknowledged == 20_000
    assert high_watermark(platform, "kill") == acknowledged
    assert produce(platform, "kill", 10) == 10


def test_a_killed_registry_keeps_the_last_schema(platform: Platform) -> None:
    """kill -9 right after a registration was acknowledged."""
    identity = platform.registry().register_schema("killed-value", schema())
    before = platform.part("registry")
    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: platform.part("registry")["restarts"] > before["restarts"])
    client.wait_ready(["registry"], platform.home)
    assert platform.registry().lookup_schema("killed-value", schema()).schema_id == identity


def test_a_part_is_stopped_and_started_alone(platform: Platform) -> None:
    """The registry goes and comes; status says so by its exit code."""
    client.stop_part("registry", platform.home)
    assert platform.mesh("status").returncode == 1
    assert platform.part("registry")["state"] == "stopped"
    assert platform.part("broker")["state"] == "ready"
    client.start_part("registry", platform.home)
    assert platform.mesh("status").returncode == 0


def test_two_jvms_stay_small_after_a_load(platform: Platform) -> None:
    """300,000 records over 40 partitions, then the memory of broker and registry together."""
    for topic in (f"load-{number}" for number in range(10)):
        make_topic(platform, topic)
        assert produce(platform, topic, 30_000) == 30_000
    used = sum(platform.part(name)["memory_bytes"] for name in ("broker", "registry"))
    print(f"broker and registry: {used >> 20} MiB")
    assert used < MEMORY_LIMIT


def test_data_outlives_down_and_up(platform: Platform) -> None:
    """Topics, schemas and tables are there again."""
    make_topic(platform, "kept")
    assert produce(platform, "kept", 100) == 100
    platform.registry().register_schema("kept-value", schema())
    assert "ended" in platform.mesh("down").stdout
    assert platform.mesh("status").returncode == 2
    assert platform.mesh("up", "--no-workers").returncode == 0
    assert high_watermark(platform, "kept") == 100
    assert "kept-value" in platform.registry().get_subjects()


def test_a_taken_port_is_replaced_or_named(platform: Platform) -> None:
    """Chosen by us: another port and a line. Fixed by the user: an error that names the variable."""
    port = int(platform.settings()["kafka"].rsplit(":", 1)[1])
    platform.mesh("down")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((HOST, port))
        other.listen()
        fixed = platform.mesh("up", "--only", "broker", env={"MESH_KAFKA": f"{HOST}:{port}"})
        assert fixed.returncode == 2
        assert fixed.stderr.startswith("PlatformError[port-taken] MESH_KAFKA")
        chosen = platform.mesh("up", "--no-workers")
        assert chosen.returncode == 0, chosen.stderr
        assert "is taken by another process; using" in chosen.stdout
        assert platform.settings()["kafka"] != f"{HOST}:{port}"
        assert produce(platform, "kept", 1) == 1


def test_a_killed_supervisor_leaves_no_orphan(platform: Platform) -> None:
    """kill -9 of the supervisor ends every part; the next `mesh up` finds the data whole."""
    pids = [platform.part(name)["pid"] for name in ("broker", "registry", "warehouse")]
    os.kill(json.loads((platform.home / "platform.json").read_text())["supervisor"], signal.SIGKILL)
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids))
    assert platform.mesh("status").returncode == 2
    started = platform.mesh("up", "--no-workers")
    assert started.returncode == 0, started.stderr
    assert high_watermark(platform, "kept") == 101
    assert httpx.get(platform.settings()["warehouse"] + "/ping").status_code == 200


def test_purge_deletes_the_data(platform: Platform) -> None:
    """After `mesh down --purge` the platform starts empty."""
    assert "deleted" in platform.mesh("down", "--purge").stdout
    assert not [entry.name for entry in platform.home.iterdir() if entry.is_dir()]
    assert platform.mesh("up", "--only", "broker,registry").returncode == 0
    admin = AdminClient({"bootstrap.servers": platform.settings()["kafka"]})
    assert "kept" not in admin.list_topics(timeout=30).topics
    assert platform.registry().get_subjects() == []
