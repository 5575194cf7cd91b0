"""How long it takes from publishing an order until a query of the warehouse returns its rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from confluent_kafka import Producer

from benchmarks.own_mesh import ENRICHED
from benchmarks.result import Latency
from benchmarks.shape import Record
from mesh.kernel import clock
from mesh.kernel.warehouse import connect

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.kernel.settings import Settings

WARM_UP = 10.0  # seconds
_PARTITIONS = 32  # asked for at the least: a partition without a row yet may get one
_ASK = 0.1  # seconds between two questions
_LATE = 20.0  # seconds after the last order


def observe(settings: Settings, orders: Sequence[Record], lines: int, rate: int) -> Latency:
    """Publish these orders, which have ``lines`` lines together, at ``rate`` lines a second.

    A question is asked ten times a second; a row's time runs from Kafka's timestamp of its order, which the
    ledger keeps, until the question that returned it was answered. The first seconds only warm up.
    """
    producer = Producer(
        {
            "bootstrap.servers": settings.kafka,
            "linger.ms": 2,
            "acks": "all",
            "max.in.flight.requests.per.connection": 2,
        }
    )
    client = connect(settings)
    seen = _Seen(client)
    each = lines / len(orders)
    begun = time.monotonic()
    counted_from = clock.now_seconds() + WARM_UP
    asked, sent, deadline = begun, 0, float("inf")
    while seen.rows < lines and time.monotonic() < deadline:
        elapsed = time.monotonic() - begun
        while sent < len(orders) and sent * each < elapsed * rate:
            topic, partition, key, value, _ = orders[sent]
            producer.produce(topic, value, key, partition)
            sent += 1
        producer.poll(0)
        if sent == len(orders) and deadline == float("inf"):
            producer.flush(10)
            deadline = time.monotonic() + _LATE
        if time.monotonic() - asked >= _ASK:
            asked = time.monotonic()
            seen.ask()
        time.sleep(0.002)
    client.close()
    delays = (delay for moment, delay in seen.delays if moment >= counted_from)
    return Latency.of(rate, delays, kept_up=seen.rows >= lines)


class _Seen:
    """The enriched rows that the warehouse has returned so far."""

    def __init__(self, client: Client) -> None:
        self._client = client
        answer = client.query(
            "SELECT partition, max(offset) FROM mesh.raw_events_v1 "
            f"WHERE topic = '{ENRICHED}' GROUP BY partition"
        )
        self._last = {int(partition): int(offset) for partition, offset in answer.result_rows}
        self.rows = 0
        self.delays: list[tuple[float, float]] = []
        """Of each row: when its order was published, and how long the row took, in seconds."""

    def ask(self) -> None:
        """Take note of all rows that are new."""
        newer = " OR ".join(
            f"(partition = {partition} AND offset > {self._last.get(partition, -1)})"
            for partition in range(max((_PARTITIONS - 1, *self._last)) + 1)
        )
        answer = self._client.query(
            "SELECT partition, offset, toUnixTimestamp64Milli(published_at) "
            f"FROM mesh.raw_events_v1 WHERE topic = '{ENRICHED}' AND ({newer})"
        )
        now = clock.now_seconds()
        for partition, offset, published in answer.result_rows:
            self._last[partition] = max(self._last.get(partition, -1), offset)
            self.delays.append((published / 1000, now - published / 1000))
            self.rows += 1
