"""Registration and wire format with a real registry, and with Confluent's own serializers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import ContractError, PlatformError
from mesh.kernel.names import subject
from mesh.kernel.settings import Settings, load_settings
from mesh.platform import launch
from schemas.codec import Codec, Codecs
from schemas.conformance import check_record
from schemas.derive import avro_schema
from schemas.registry import Registry, register_all, schema_ids
from schemas.wire import SchemaUnknownError, partition

pytestmark = pytest.mark.real

TOPIC = "sales.public.payment-recorded.v1"
ACCOUNT = "aw:29825"
NOON = datetime(2014, 6, 30, 12, tzinfo=UTC)
PAYMENT: dict[str, Any] = {
    "event_id": "e1",
    "source": "aw",
    "seq": 0,
    "occurred_at": NOON,
    "recorded_at": NOON,
    "trace_id": None,
    "transaction_id": "aw:1",
    "order_id": "aw:1",
    "account": ACCOUNT,
    "transaction_at": NOON,
    "transaction_type": "Sale",
    "payment_method": "Credit Card",
    "transaction_status": "completed",
    "amount": Decimal("12.3450"),
    "currency": "USD",
    "fx_rate": Decimal("1.00000000"),
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a mesh whose registry runs and holds nothing."""
    home = tmp_path_factory.mktemp("registry") / "home"
    launch.up(only=["registry"], home=home)
    yield load_settings(home=home)
    launch.down(home=home)


@pytest.fixture(scope="module")
def ids(empty: Settings) -> dict[str, int]:
    """Every schema registered; refused before that, as far as they are looked for."""
    with pytest.raises(PlatformError, match="schema-unregistered"):
        schema_ids(empty)
    return register_all(find_mesh(empty), empty, lambda _: None)


@pytest.fixture
def registry(empty: Settings) -> Iterator[Registry]:
    """A client of the registry."""
    with Registry(empty.registry) as client:
        yield client


def test_every_topic_has_its_schema(empty: Settings, ids: dict[str, int], registry: Registry) -> None:
    """What comes back means what was sent, its docs, logical types and marks included."""
    ports = find_mesh(empty).ports
    assert set(ids) == set(ports)
    assert registry.subjects() == sorted(port.subject for port in ports.values())
    for topic, port in ports.items():
        sent, back = avro_schema(port.record), registry.schema(ids[topic])
        assert fastavro.parse_schema(back)["fields"] == fastavro.parse_schema(sent)["fields"]
        assert back["doc"] == sent["doc"]
        assert registry.latest_id(port.subject) == ids[topic]


def test_registering_again_changes_nothing(empty: Settings, ids: dict[str, int]) -> None:
    """The second time says nothing, and gives the same ids, as the look-up does."""
    said: list[str] = []
    assert register_all(find_mesh(empty), empty, said.append) == ids
    assert said == []
    assert schema_ids(empty) == ids


@pytest.mark.usefixtures("ids")
def test_the_registry_refuses_an_incompatible_schema(registry: Registry) -> None:
    """Online too, FULL_TRANSITIVE is in force."""
    assert registry.compatibility() == "FULL_TRANSITIVE"
    broken = deepcopy(avro_schema(find_mesh().port(TOPIC).record))
    broken["fields"].append({"name": "gift", "type": "long"})
    with pytest.raises(ContractError, match=r"schema-incompatible.*gift"):
        registry.register(subject(TOPIC), broken)


def test_older_and_newer_versions_are_read(ids: dict[str, int], registry: Registry) -> None:
    """A schema that later code registers is resolved by its id, and does not change the id that we write."""
    port = find_mesh().port(TOPIC)
    newer = deepcopy(avro_schema(port.record))
    newer["fields"].append({"name": "terminal", "type": ["null", "string"], "default": None})
    newer_id = registry.register(port.subject, newer)
    assert newer_id != ids[TOPIC]
    assert registry.find_id(port.subject, avro_schema(port.record)) == ids[TOPIC]
    codec = Codec.of_port(port, ids[TOPIC])
    theirs = codec.encode(PAYMENT)[5:] + b"\x02\x04t1"
    value = b"\x00" + newer_id.to_bytes(4, "big") + theirs
    assert Codecs(registry).decode(codec, value) == PAYMENT
    assert Codecs(registry).resolve(codec, value) == codec.encode(PAYMENT)


def test_an_unknown_id_is_unknown(registry: Registry) -> None:
    """And no fault of the platform."""
    with pytest.raises(SchemaUnknownError):
        registry.schema(987654)


def test_confluents_serializers_agree(empty: Settings, ids: dict[str, int], registry: Registry) -> None:
    """Theirs write the bytes that ours do and read what ours wrote; such a record conforms."""
    port = find_mesh(empty).port(TOPIC)
    client = SchemaRegistryClient({"url": empty.registry})
    context = SerializationContext(TOPIC, MessageField.VALUE)
    theirs = AvroSerializer(
        client, json.dumps(avro_schema(port.record)), conf={"auto.register.schemas": False}
    )
    value = theirs(PAYMENT, context)
    codec = Codec.of_port(port, ids[TOPIC])
    assert value == codec.encode(PAYMENT)
    assert AvroDeserializer(client)(codec.encode(PAYMENT), context) == PAYMENT
    place = partition(ACCOUNT.encode(), port.partitions)
    assert check_record(port, ACCOUNT.encode(), value, place, schemas=registry) == []


def test_conformance_asks_for_the_writers_schema(registry: Registry, ids: dict[str, int]) -> None:
    """A record of another event under a known id does not pass."""
    port = find_mesh().port(TOPIC)
    body = Codec.of_port(port, ids["sales.public.return-recorded.v1"]).encode(PAYMENT)
    (line,) = check_record(port, ACCOUNT.encode(), body, 0, schemas=registry)
    assert "retail.sales.ReturnRecorded" in line
