"""Derived access on a real broker that asks who is there: each may do what is theirs, and nothing else."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from mesh.cli.main import app
from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.settings import Settings, load_settings
from mesh.platform import broker, jars
from mesh.platform.paths import Paths
from mesh.provisioning.access import EVERYBODY, Entry
from mesh.provisioning.acl import NO_AUTHORIZER, Access, binding, filter_of
from mesh.provisioning.change import Change
from mesh.provisioning.topics import Topics, changelog_topics, mesh_topics
from tests.ports.embedded_server import free_port

pytestmark = pytest.mark.real

PRINCIPALS = ("supplier", "product", "sales", "finance", "mesh.sink", "mesh.orders-enriched")
SUPPLIER, PRODUCT = "supplier.public.supplier.v1", "product.public.product.v1"
ENRICHED, RAW = "sales.public.orders-enriched.v1", "customer.raw.customer-record.v1"
PATIENCE = 120.0


class Broker:
    """A broker with a second door, at which everybody names himself; the password is the name."""

    def __init__(self, home: Path, *extra: str) -> None:
        self.port, self.door, controller = free_port(), free_port(), free_port()
        part = broker.declare(Paths.of(home), jars.fetch(), self.port, controller)
        host, users = "127.0.0.1", " ".join(f'user_{name}="{name}"' for name in PRINCIPALS)
        doors = f"PLAINTEXT://{host}:{self.port},SASL_PLAINTEXT://{host}:{self.door}"
        with (home / broker.NAME / "server.properties").open("a") as file:
            file.write(
                f"listeners={doors},CONTROLLER://{host}:{controller}\n"
                f"advertised.listeners={doors}\n"
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
                "SASL_PLAINTEXT:SASL_PLAINTEXT\n"
                "inter.broker.listener.name=PLAINTEXT\n"
                "sasl.enabled.mechanisms=PLAIN\n"
                "listener.name.sasl_plaintext.plain.sasl.jaas.config="
                f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};\n"
                + "".join(f"{line}\n" for line in extra)
            )
        subprocess.run(part.prepare, check=True, capture_output=True)
        self.log = (home / "broker.log").open("wb")
        self.process = subprocess.Popen(part.command, stdout=self.log, stderr=self.log)

    @property
    def address(self) -> str:
        """Where one comes in without a name, and may do everything."""
        return f"127.0.0.1:{self.port}"

    def named(self, name: str) -> dict[str, object]:
        """The configuration of a client that comes in by name."""
        return {
            "bootstrap.servers": f"127.0.0.1:{self.door}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": name,
            "sasl.password": name,
            "log_level": 0,
        }

    def wait(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + 240
        while True:
            assert self.process.poll() is None, "the broker ended"
            assert time.monotonic() < deadline, "the broker does not answer"
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    pass
                AdminClient({"bootstrap.servers": self.address, "log_level": 0}).list_topics(timeout=5)
            except (OSError, KafkaException):
                time.sleep(0.2)
            else:
                return

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Settings, Mesh]]:
    """A broker with an authorizer, with the topics and entries of the mesh and of a new domain."""
    folder = tmp_path_factory.mktemp("access")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESH_HOME", str(folder / "home"))
        patch.delenv("MESH_DOMAINS", raising=False)
        made = CliRunner().invoke(app, ["new", "supplier", "--in", str(folder / "ours")])
        assert made.exit_code == 0, made.output
    started = Broker(folder / "home")
    try:
        started.wait()
        settings = load_settings(home=folder / "home", kafka=started.address)
        mesh = find_mesh(settings)
        topics = Topics(settings, [*mesh_topics(mesh, settings), *changelog_topics(settings)])
        topics.apply(topics.changes())
        access = Access(settings, mesh)
        access.apply(access.changes())
        eventually(lambda: sent(started, "supplier", SUPPLIER) == "ok")
        yield started, settings, mesh
    finally:
        started.stop()


Guarded = tuple[Broker, Settings, Mesh]


def sent(broker_: Broker, name: str, topic: str) -> str:
    """What becomes of a record that somebody sends: ``ok``, or the code of the error."""
    outcome: list[str] = []
    producer = Producer(
        {**broker_.named(name), "enable.idempotence": True, "delivery.timeout.ms": 20_000, "acks": "all"}
    )

    def report(error: KafkaError | None, _: object) -> None:
        outcome.append("ok" if error is None else error.name())

    producer.produce(topic, b"value", b"key", partition=0, on_delivery=report)
    try:
        producer.flush(PATIENCE)
    except KafkaException as error:  # who may write nothing at all gets no number as an idempotent producer
        return str(error.args[0].name())
    return outcome[0]


def read(broker_: Broker, name: str, topic: str, group: str) -> str:
    """What becomes of somebody's reading: ``ok`` at the first record, or the code of the error."""
    consumer = Consumer(
        {
            **broker_.named(name),
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is not None:
                error = message.error()
                if error is None:
                    return "ok"
                if error.name().endswith("AUTHORIZATION_FAILED"):
                    return str(error.name())
        return "nothing"
    except KafkaException as error:
        return str(error.args[0].name())
    finally:
        consumer.close()


TOPIC_DENIED, GROUP_DENIED = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"


@pytest.mark.parametrize(
    ("name", "topic", "outcome"),
    [
        ("supplier", SUPPLIER, "ok"),
        ("supplier", "supplier.dead.supplier.v1", "ok"),
        ("supplier", PRODUCT, TOPIC_DENIED),
        ("product", PRODUCT, "ok"),
        ("product", SUPPLIER, TOPIC_DENIED),
        ("finance", SUPPLIER, "CLUSTER_AUTHORIZATION_FAILED"),
        ("sales", ENRICHED, TOPIC_DENIED),
        ("mesh.orders-enriched", ENRICHED, "ok"),
        ("mesh.orders-enriched", "mesh.orders-enriched-facts-changelog", "ok"),
        ("mesh.sink", "supplier.dead.supplier.v1", "ok"),
        ("mesh.sink", SUPPLIER, TOPIC_DENIED),
    ],
)
def test_a_principal_writes_what_is_its_own(guarded: Guarded, name: str, topic: str, outcome: str) -> None:
    """With an idempotent producer, as the SDK has it."""
    assert sent(guarded[0], name, topic) == outcome


@pytest.mark.parametrize(
    ("name", "topic", "group", "outcome"),
    [
        ("finance", SUPPLIER, "reader.finance", "ok"),
        ("finance", SUPPLIER, "mesh.sink", GROUP_DENIED),
        ("finance", RAW, "reader.finance", TOPIC_DENIED),
        ("product", SUPPLIER, "product.planning", "ok"),
        ("product", SUPPLIER, "supplier.planning", GROUP_DENIED),
        ("mesh.sink", SUPPLIER, "mesh.sink", "ok"),
        ("mesh.sink", "supplier.dead.supplier.v1", "mesh.sink", "ok"),
    ],
)
def test_a_principal_reads_what_it_may(
    guarded: Guarded, name: str, topic: str, group: str, outcome: str
) -> None:
    """Everybody what is public; and in groups of their own, so that nobody takes another's partitions."""
    for principal, to in (("supplier", SUPPLIER), ("supplier", "supplier.dead.supplier.v1")):
        assert sent(guarded[0], principal, to) == "ok"
    assert read(guarded[0], name, topic, group) == outcome


def test_applying_twice_changes_nothing(guarded: Guarded) -> None:
    """What the broker tells is what was asked for."""
    assert changes(guarded) == []


def test_what_was_granted_by_hand_is_seen_and_taken_away(guarded: Guarded) -> None:
    """From a principal of the mesh; what somebody else was granted is left alone."""
    started, settings, _ = guarded
    by_hand = Entry("User:supplier", "write", "topic", PRODUCT)
    elsewhere = Entry("User:finance", "write", "topic", SUPPLIER)
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    for future in admin.create_acls([binding(by_hand), binding(elsewhere)]).values():
        future.result()
    eventually(lambda: sent(started, "supplier", PRODUCT) == "ok")
    access = Access(*guarded[1:])
    (change,) = access.changes()
    assert (change.name, change.details) == ("User:supplier", (f"- write topic {PRODUCT}",))
    access.apply([change])
    eventually(lambda: sent(started, "supplier", PRODUCT) == TOPIC_DENIED)
    assert sent(started, "finance", SUPPLIER) == "ok"


def test_a_lost_entry_is_given_back(guarded: Guarded) -> None:
    """Told by principal, with what it may do again."""
    admin = AdminClient({"bootstrap.servers": guarded[1].kafka})
    lost = Entry(EVERYBODY, "read", "topic", SUPPLIER)
    for future in admin.delete_acls([filter_of(lost)]).values():
        future.result()
    eventually(lambda: len(changes(guarded)) == 1)
    access = Access(*guarded[1:])
    (change,) = access.changes()
    assert str(change) == f"access User:* changed: + read topic {SUPPLIER}"
    access.apply([change])
    eventually(lambda: changes(guarded) == [])


def changes(guarded: Guarded) -> list[Change]:
    """What differs on the broker now."""
    return Access(*guarded[1:]).changes()


def eventually(what: Callable[[], bool]) -> None:
    """Wait until the broker has heard of a change."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_broker_without_authorizer_is_told_and_nothing_is_planned(tmp_path: Path) -> None:
    """There everybody may do everything, and entries could not be kept."""
    started = Broker(tmp_path / "home", "authorizer.class.name=")
    try:
        started.wait()
        settings = load_settings(home=tmp_path / "home", kafka=started.address)
        access = Access(settings, find_mesh(settings))
        assert (access.changes(), access.note) == ([], NO_AUTHORIZER)
    finally:
        started.stop()
