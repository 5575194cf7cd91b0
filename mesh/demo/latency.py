"""End-to-end latency at rest: from publishing an order to its enriched rows in the warehouse.

Orders that are on the topic already are published again, byte for byte, at a steady rate. By the rules of the
mesh a repeated fact changes nothing, yet its rows are written and landed again; the ledger tells when.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from mesh.kernel.errors import PlatformError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.settings import Settings

ORDERS = "sales.public.order-placed.v1"
ENRICHED = "sales.public.orders-enriched.v1"
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from publishing to landing, over ``rows`` rows."""

    rows: int
    p50: float
    p95: float
    p99: float


def measure(settings: Settings, client: Client, orders: int = 500, rate: float = 100.0) -> Latency:
    """Publish the first ``orders`` orders again, ``rate`` a second, and see how long their rows take to land.

    Raises :class:`PlatformError` when they do not land within half a minute.
    """
    repeated = _first(settings, orders)
    started = int(client.command("SELECT toUnixTimestamp64Milli(now64(3))"))
    producer = Producer({"bootstrap.servers": settings.kafka, "enable.idempotence": True, "linger.ms": 5})
    begun = time.monotonic()
    for number, message in enumerate(repeated):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        producer.produce(ORDERS, message.value(), message.key(), message.partition())
        producer.poll(0)
    producer.flush(30)
    return _landed(client, started, len(repeated))


def _first(settings: Settings, count: int) -> list[Message]:
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka, "group.id": "mesh.demo", "enable.auto.commit": False}
    )
    try:
        partitions = consumer.list_topics(ORDERS, timeout=10).topics[ORDERS].partitions
        consumer.assign([TopicPartition(ORDERS, partition, 0) for partition in partitions])
        messages: list[Message] = []
        deadline = time.monotonic() + _PATIENCE
        while len(messages) < count and time.monotonic() < deadline:
            messages += [m for m in consumer.consume(count - len(messages), 0.5) if m.error() is None]
        return messages
    finally:
        consumer.close()


def _landed(client: Client, started: int, orders: int) -> Latency:
    """Wait until the rows of the repeated orders stand in the ledger, then summarise."""
    since = f"topic = '{ENRICHED}' AND published_at >= fromUnixTimestamp64Milli({started})"
    seconds = "dateDiff('millisecond', published_at, landed_at) / 1000"
    deadline = time.monotonic() + _PATIENCE
    seen, rows = -1, 0
    while rows < orders or rows != seen:
        if time.monotonic() > deadline:
            raise PlatformError(
                "latency-unknown",
                f"{rows} rows of {orders} repeated orders landed within {_PATIENCE:.0f} s",
                remedy="see `mesh status` and `mesh logs sink-1`",
            )
        time.sleep(1.0)
        seen, rows = rows, int(client.command(f"SELECT count() FROM mesh.raw_events WHERE {since}"))
    quantiles = client.query(
        f"SELECT quantilesExact(0.5, 0.95, 0.99)({seconds}) FROM mesh.raw_events WHERE {since}"
    ).result_rows[0][0]
    return Latency(rows, *(float(value) for value in quantiles))
