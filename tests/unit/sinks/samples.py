"""Ports, right records of each, and blocks of them as they come from the broker."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from confluent_kafka import Message
from hypothesis import Phase, find, settings

from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.event import Record
from mesh.kernel.settings import load_settings
from schemas.codec import Codec, Codecs
from sinks.block import Block
from sinks.record import Record as Read
from tests.unit.schemas.records import instances

SCHEMA_ID = 7
MESH = find_mesh(load_settings())
LANDED = [port for port in MESH.ports.values() if port.table]
ORDERS = MESH.port("sales.public.order-placed.v1")
PRODUCTS = MESH.port("product.public.product.v1")
CUSTOMERS = MESH.port("customer.public.customer.v1")


class Schemas:
    """A registry of the schemas that a test puts into it."""

    def __init__(self, schemas: dict[int, dict[str, Any]] | None = None) -> None:
        self.schemas = schemas or {}

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema, or what the registry's client raises."""
        from schemas.wire import SchemaUnknownError

        if schema_id not in self.schemas:
            raise SchemaUnknownError(f"the registry has no schema with id {schema_id}")
        return self.schemas[schema_id]


def codecs(schemas: dict[int, dict[str, Any]] | None = None) -> Codecs:
    """Codecs over :class:`Schemas`."""
    return Codecs(Schemas(schemas))


def codec(port: Port) -> Codec:
    """The codec of a port under :data:`SCHEMA_ID`."""
    return _codec(port.topic)


@cache
def _codec(topic: str) -> Codec:
    return Codec.of_port(MESH.port(topic), SCHEMA_ID)


def record(port: Port, **changes: Any) -> Record:
    """The plainest right record of a port, with changes."""
    return _plainest(port.record).model_copy(update=changes)


@cache
def _plainest(kind: type[Record]) -> Record:
    # Hypothesis tries the plainest example first; looking for a plainer one would take a second a kind
    return find(instances(kind), lambda _: True, settings=settings(max_examples=1, phases=[Phase.generate]))


def read(
    port: Port,
    *,
    offset: int = 0,
    key: bytes | None = None,
    value: bytes | None = None,
    timestamp: int = 1_700_000_000_000,
    **changes: Any,
) -> Read:
    """A record of a port's topic as the sink reads it; it has ``changes``, unless ``value`` is given."""
    made = record(port, **changes)
    return (
        offset,
        timestamp,
        key if key is not None else port.key_of(made.model_dump()).encode(),
        codec(port).encode(made) if value is None else value,
        Message(),
    )


def block(port: Port, *runs: Iterable[Read]) -> Block:
    """A block of records; run n is that of partition n."""
    found = Block(port.topic, since=0.0)
    for partition, records in enumerate(map(list, runs)):
        assert found.take(partition, records) == len(records)
    return found
