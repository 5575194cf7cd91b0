"""Broker and registry started with the environment that docker-compose.yml gives them, without Docker.

The image of Kafka turns each ``KAFKA_`` variable into a property, the registry's reads its own from the
environment; both are done here with the very same programs. Only addresses and folders are this machine's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from mesh.platform import jars, registry
from mesh.platform.java import java
from tests.ports.embedded_server import free_port

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
OF_THE_IMAGE = {"KAFKA_HEAP_OPTS"}
PATIENCE = 240.0  # seconds


def wait_for(what: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something holds; fail when the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert process.poll() is None, f"ended with {process.returncode}"
        assert time.monotonic() < deadline
        time.sleep(0.5)


def properties(environment: dict[str, str]) -> dict[str, str]:
    """The broker's properties as its image makes them: no KAFKA_, small letters, dots for underscores."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith("KAFKA_") and name not in OF_THE_IMAGE
    }


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that has the compose file's settings."""
    home, port, controller = tmp_path_factory.mktemp("broker"), free_port(), free_port()
    environment = SERVICES["broker"]["environment"]
    stated = properties(environment) | {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": str(home / "data"),
    }
    file = home / "server.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in stated.items()))
    program = [*java(), *environment["KAFKA_HEAP_OPTS"].split(), "-cp", _class_path()]
    cluster = environment["CLUSTER_ID"]
    subprocess.run(
        [*program, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file)],
        check=True,
        capture_output=True,
    )
    process = subprocess.Popen(
        [*program, "kafka.Kafka", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"127.0.0.1:{port}"
        wait_for(lambda: _answers(address), process)
        yield address
    finally:
        process.kill()
        process.wait()


class Registry:
    """The registry with the compose file's environment; it may be killed and started again."""

    def __init__(self, broker: str) -> None:
        self.port, management = free_port(), free_port()
        self.address = f"http://127.0.0.1:{self.port}{registry.API}"
        self._environment = {
            **os.environ,
            **SERVICES["registry"]["environment"],
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": broker,
            "QUARKUS_HTTP_PORT": str(self.port),
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_MANAGEMENT_PORT": str(management),
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
        }
        self._folder = jars.unpack(jars.fetch().archives[registry.ARTIFACT])
        self.start()

    def start(self) -> None:
        """Start it, and wait until its health check of the compose file would pass."""
        self.process = subprocess.Popen(
            [*java(), "-jar", str(self._folder / "quarkus-run.jar")],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._healthy, self.process)

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def _healthy(self) -> bool:
        """The check that the container runs, with this port."""
        check = [word.replace("8080", str(self.port)).replace("$$", "$") for word in _check("registry")]
        return subprocess.run(check, capture_output=True, timeout=60).returncode == 0


def _check(service: str) -> list[str]:
    found: list[str] = SERVICES[service]["healthcheck"]["test"][1:]
    return found


def _class_path() -> str:
    return ":".join(map(str, jars.fetch().class_path))


def _answers(address: str) -> bool:
    try:
        return bool(
            AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=2).brokers
        )
    except KafkaException:
        return False


def test_the_brokers_check_tells_that_it_listens(broker: str) -> None:
    """And that nothing does."""
    port = broker.rpartition(":")[2]
    check = [word.replace("9092", port) for word in _check("broker")]
    assert subprocess.run(check, capture_output=True).returncode == 0
    absent = [word.replace("9092", str(free_port())) for word in _check("broker")]
    assert subprocess.run(absent, capture_output=True).returncode != 0


def test_schemas_outlive_the_registrys_container(broker: str) -> None:
    """The broker keeps them: what was acknowledged is there after kill -9, though no volume is."""
    found = Registry(broker)
    try:
        schema = {"schema": '{"type": "record", "name": "A", "fields": [{"name": "a", "type": "string"}]}'}
        subject = f"{found.address}/subjects/sales.public.a.v1-value/versions"
        first = httpx.post(subject, json=schema, timeout=60).json()
        found.kill()
        found.start()
        assert httpx.post(subject, json=schema, timeout=60).json() == first
        assert httpx.get(f"{found.address}/subjects", timeout=60).json() == ["sales.public.a.v1-value"]
    finally:
        found.kill()
