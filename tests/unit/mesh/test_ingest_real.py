"""The ingest and the SDK on a real broker and a real registry."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from domains.sales.events import PaymentRecorded
from mesh.ingest.run import ingest
from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.errors import PublishError
from mesh.kernel.settings import Settings, load_settings
from mesh.platform import client, launch
from mesh.provisioning.topics import Topics, mesh_topics
from mesh.publish import Publisher
from schemas.codec import Codec
from schemas.registry import register_all, schema_ids

pytestmark = pytest.mark.real

EXAMPLE = root() / "portal" / "docs" / "examples" / "kiosk" / "mapping.yaml"
PAYMENTS = "sales.public.payment-recorded.v1"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
PAYMENT: dict[str, Any] = {
    "source": "till",
    "seq": 3,
    "occurred_at": NOON,
    "transaction_id": "till:9",
    "order_id": "till:8",
    "account": "till:7",
    "transaction_at": NOON,
    "transaction_type": "Sale",
    "payment_method": "card",
    "transaction_status": "completed",
    "amount": Decimal("12.30"),
    "currency": "EUR",
    "fx_rate": Decimal(1),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a mesh with a broker and a registry, provisioned, without anything else."""
    home = tmp_path_factory.mktemp("ingest") / "home"
    launch.up(only=["broker", "registry"], home=home)
    settings = load_settings(home=home)
    topics = Topics(settings, list(mesh_topics(find_mesh(settings), settings)))
    topics.apply(topics.changes())
    register_all(find_mesh(settings), settings, lambda _line: None)
    yield settings
    launch.down(home=home)


def read(settings: Settings, topic: str) -> list[Message]:
    """Every record of a topic, partition by partition."""
    consumer = Consumer({"bootstrap.servers": settings.kafka, "group.id": "test", "log_level": 0})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    found: list[Message] = []
    for number in partitions:
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        consumer.assign([TopicPartition(topic, number, 0)])
        left = end
        while left:
            records = consumer.consume(left, timeout=10)
            assert records, f"{topic} {number} ends too soon"
            found += records
            left -= len(records)
    consumer.close()
    return found


def test_an_extract_arrives_with_keys_partitions_and_schema_ids(settings: Settings) -> None:
    """What a reader gets is what the report says, in the partition where librdkafka itself would put it."""
    report = ingest(EXAMPLE, settings)
    ids = schema_ids(settings)
    found: dict[bytes, int] = {}
    for event in report.events:
        records = read(settings, event.topic)
        assert len(records) == event.published
        port = find_mesh(settings).port(event.topic)
        codec = Codec.of_port(port, ids[event.topic])
        assert all(record.key().decode() == port.key_of(codec.decode(record.value())) for record in records)
        found |= {record.key(): record.partition() for record in records if port.key == "{account}"}
    assert found == librdkafka_partitions(settings, found)


def librdkafka_partitions(settings: Settings, keys: Iterable[bytes]) -> dict[bytes, int]:
    """Where librdkafka's own partitioner puts these keys."""
    chosen: dict[bytes, int] = {}
    producer = Producer({"bootstrap.servers": settings.kafka, "partitioner": "murmur2_random"})
    for key in keys:
        producer.produce(
            "sales.dead.return-recorded.v1",
            key=key,
            on_delivery=lambda _, record: chosen.update({record.key(): record.partition()}),
        )
    producer.flush(10)
    return chosen


def test_rejected_rows_are_parked_with_file_row_and_reason(settings: Settings) -> None:
    """In the dead letters of their domain, as the report counts them."""
    topic = "sales.dead.order-placed.v1"
    known = {(letter.partition(), letter.offset()) for letter in read(settings, topic)}
    report = ingest(EXAMPLE, settings, only="OrderPlaced")
    letters = [one for one in read(settings, topic) if (one.partition(), one.offset()) not in known]
    headers = [{name: raw.decode() for name, raw in letter.headers()} for letter in letters]
    assert Counter(one["mesh-code"] for one in headers) == report.events[0].rejected
    rows = {(one["mesh-file"], one["mesh-row"]) for one in headers}
    assert rows == {("sales.csv", "4"), ("items.csv", "8"), ("items.csv", "9")}
    assert all(json.loads(letter.value()) for letter in letters)


def test_an_event_of_the_sdk_is_on_its_topic_when_the_block_is_left(settings: Settings) -> None:
    """With its key, and readable under the registered schema."""
    with Publisher(settings) as publisher:
        event_id = publisher.publish(PaymentRecorded, PAYMENT)
    record = next(r for r in read(settings, PAYMENTS) if r.key() == b"till:7")
    fields = Codec.of_port(find_mesh(settings).port(PAYMENTS), schema_ids(settings)[PAYMENTS]).decode(
        record.value()
    )
    assert (fields["event_id"], fields["amount"]) == (event_id, Decimal("12.3000"))


def test_a_broker_that_comes_back_gets_everything_once(settings: Settings) -> None:
    """Killed in the middle of a flow: the producer goes on, and no record is there twice."""
    with Publisher(settings) as publisher:
        for number in range(300):
            publisher.publish(
                PaymentRecorded, {**PAYMENT, "account": "till:again", "transaction_id": f"till:{number}"}
            )
            if number == 100:
                publisher.flush()
                client.stop_part("broker", settings.home)
            if number == 200:
                client.start_part("broker", settings.home)
    found = [record for record in read(settings, PAYMENTS) if record.key() == b"till:again"]
    assert len(found) == len({record.value() for record in found}) == 300


def test_a_broker_that_is_away_is_said_before_anything_is_read(settings: Settings) -> None:
    """One line with the address and the remedy."""
    away = settings.model_copy(update={"kafka": "127.0.0.1:1"})
    with pytest.raises(PublishError, match=r"broker-unreachable\] 127.0.0.1:1: .*mesh up"):
        ingest(EXAMPLE, away)


def test_a_topic_that_is_missing_is_said_before_anything_is_read(settings: Settings, tmp_path: Path) -> None:
    """A mesh that was never provisioned would swallow the first event for ever."""
    launch.up(only=["broker"], home=tmp_path / "home")
    try:
        bare = load_settings(home=tmp_path / "home")
        with pytest.raises(PublishError, match=r"topic-missing.*mesh apply"):
            ingest(EXAMPLE, bare.model_copy(update={"registry": settings.registry}))
    finally:
        launch.down(home=tmp_path / "home")
