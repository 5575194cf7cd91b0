"""Facts that reach each partition as one batch: some by writers of other schemas, poison in their middle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from io import BytesIO
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, Message, Producer
from fastavro import parse_schema, schemaless_writer

from domains.sales.events import OrderPlaced, PaymentRecorded
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.publish.envelope import stamp
from schemas.codec import Codec, read_body
from schemas.registry import Registry, schema_ids
from schemas.wire import header, partition
from streams.applications import READS
from tests.e2e.streams.cluster import stored
from tests.e2e.world import Fact

POISON = b"\x00\x00\x00\x00\x01poison"


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


class Mixed:
    """Publishes facts, and one poison record in each topic that lands or that a stream reads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.poison: list[Place] = []
        self.foreign: Counter[str] = Counter()
        """How many records of each topic have the schema of another writer."""
        self.landing = {port.topic for port in find_mesh(settings).ports.values() if port.table}
        """The topics among these that the sink reads."""
        wanted = self.landing.union(*READS.values())
        self._ports = [port for port in find_mesh(settings).ports.values() if port.topic in wanted]
        # Nothing leaves before the flush: one batch a partition.
        self._producer = Producer({"bootstrap.servers": settings.kafka, "linger.ms": 60_000})
        self._producer.list_topics(timeout=30)  # what waits for its topic's leader may become two batches

    def publish(self, facts: Iterable[Fact], poison_key: bytes) -> None:
        """Publish the facts, and return when all are on the broker.

        The poison of a topic stands in the middle of its fullest partition; of a topic without facts, alone.
        """
        waiting = self._encoded(facts)
        for port in self._ports:
            mine = {place[1]: records for place, records in waiting.items() if place[0] == port.topic}
            fullest = max(mine, key=lambda number: len(mine[number]), default=0)
            mine.setdefault(fullest, [])
            mine[fullest].insert(len(mine[fullest]) // 2, (poison_key, POISON))
            for number, records in mine.items():
                for key, value in records:
                    self._producer.produce(port.topic, value, key, number, on_delivery=self._delivered)
        assert self._producer.flush(60) == 0
        assert len(self.poison) == len(self._ports)
        for place in self.poison:
            if any(topic == place.topic for topic, _ in waiting):
                batches = stored(self._settings.home, place.topic, place.partition)
                assert [batch for batch in batches if batch.base < place.offset < batch.last], place

    def _encoded(self, facts: Iterable[Fact]) -> defaultdict[tuple[str, int], list[tuple[bytes, bytes]]]:
        """Key and value of each fact by topic and partition; every second order and payment is foreign."""
        ids, made = schema_ids(self._settings), defaultdict[tuple[str, int], list[tuple[bytes, bytes]]](list)
        ports = {port.record: port for port in self._ports}
        writers = _other_writers(self._settings, ports, ids)
        for number, (event, values) in enumerate(facts):
            port = ports[event]
            codec = Codec.of_port(port, ids[port.topic])
            fields = stamp(port, values)
            value = codec.encode(event.model_validate(fields))
            if event in writers and number % 2:
                value = _written(writers[event], codec, value)
                self.foreign[port.topic] += 1
            key = port.key_of(fields).encode()
            owner = port.partition_by and str(fields[port.partition_by]).encode()
            made[port.topic, partition(owner, port.partitions) if owner else 0].append((key, value))
        return made

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        assert error is None
        if message.value() == POISON:
            self.poison.append(Place(message.topic(), message.partition(), message.offset()))


def _other_writers(
    settings: Settings, ports: dict[Any, Port], ids: dict[str, int]
) -> dict[Any, tuple[int, dict[str, Any]]]:
    """Id and schema of a writer before ours, who has no promotions, and of one after it, who has notes."""
    note = {"name": "note", "type": ["null", "string"], "default": None}
    found = {}
    with Registry(settings.registry) as registry:
        for event in (OrderPlaced, PaymentRecorded):
            port = ports[event]
            fields = Codec.of_port(port, ids[port.topic]).schema["fields"]
            if event is OrderPlaced:
                fields = [one for one in fields if one["name"] != "promo_code"]
            else:
                fields = [*fields, note]
            schema = {**Codec.of_port(port, ids[port.topic]).schema, "fields": fields}
            found[event] = registry.register(port.subject, schema), schema
    return found


def _written(writer: tuple[int, dict[str, Any]], codec: Codec, value: bytes) -> bytes:
    """A value as another writer has it."""
    number, schema = writer
    body = BytesIO()
    schemaless_writer(body, parse_schema(schema), read_body(value, codec.parsed))
    return header(number) + body.getvalue()
