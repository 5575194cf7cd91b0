"""Quix Streams: order lines joined with four dictionaries in one step."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from quixstreams import Application

BROKERS = os.environ["BENCH_BROKERS"]
SCHEMAS = Path(os.environ["BENCH_SCHEMAS"])
PLAN = json.loads((SCHEMAS / "plan.json").read_text())
NESTED = os.environ["BENCH_SHAPE"] == "orders"
HEADER = b"\0" + PLAN["ids"]["enriched"].to_bytes(4, "big")


# fastavro is a third quicker when decimals stay bytes and moments numbers.
def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if isinstance(schema, dict):
        if "logicalType" in schema:
            return schema["type"]
        return {name: _plain(part) for name, part in schema.items()}
    return schema


def _schema(name: str) -> Any:
    return parse_schema(_plain(json.loads((SCHEMAS / f"{name}.avsc").read_text())))


def _dimension(
    name: str, topic: str, key: str, prefix: str, fields: list[str], partitions: int
) -> dict[int, Any]:
    """What a dimension adds to a row, by id."""
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": "dimensions", "enable.auto.commit": False})
    places = [TopicPartition(topic, partition, 0) for partition in range(partitions)]
    left = sum(consumer.get_watermark_offsets(place)[1] for place in places)
    consumer.assign(places)
    schema, found = _schema(name), {}
    while left:
        for message in consumer.consume(left, 1.0):
            row = schemaless_reader(BytesIO(message.value()[5:]), schema, None)
            found[row[key]] = {f"{prefix}_{field}": row[field] for field in fields}
            left -= 1
    consumer.close()
    return found


ORDERS, ENRICHED = _schema("orders"), _schema("enriched")
CUSTOMERS, PRODUCTS, STORES, EMPLOYEES = (
    _dimension(name, **PLAN["dimensions"][name]) for name in ("customers", "products", "stores", "employees")
)
NOTHING: dict[str, Any] = {}


def _encoded(row: dict[str, Any]) -> bytes:
    row.update(PRODUCTS.get(row["product_id"], NOTHING))
    target = BytesIO()
    target.write(HEADER)
    schemaless_writer(target, ENRICHED, row)
    return target.getvalue()


def _order(value: bytes) -> dict[str, Any]:
    """A decoded record with the three dimensions that an order has."""
    order = schemaless_reader(BytesIO(value[5:]), ORDERS, None)
    order.update(CUSTOMERS.get(order["customer_id"], NOTHING))
    order.update(STORES.get(order["store_id"], NOTHING))
    order.update(EMPLOYEES.get(order["employee_id"], NOTHING))
    return order


def line(value: bytes) -> bytes:
    """A record of a line makes one row."""
    return _encoded(_order(value))


def lines(value: bytes) -> Iterator[bytes]:
    """A record of an order makes a row for each of its lines."""
    order = _order(value)
    for item in order.pop("lines"):
        yield _encoded({**order, **item})


app = Application(
    BROKERS,
    consumer_group=os.environ["BENCH_GROUP"],
    auto_offset_reset="earliest",
    # Its default is at least once, committed every 5 s.
    commit_interval=5.0,
    # Both topics exist, with their partitions; by default it creates what it lacks.
    auto_create_topics=False,
    state_dir=os.environ["BENCH_STATE"],
    # By default it tells of topics, settings and its start as well.
    loglevel="WARNING",
    # Fetch ahead in large pieces.
    consumer_extra_config={"max.partition.fetch.bytes": 4 << 20, "queued.min.messages": 100_000},
    producer_extra_config={
        # A batch goes after 10 ms (librdkafka's default is 5), long before it is that large at this pace.
        "linger.ms": 10,
        "batch.size": 256 << 10,
        # Rows may wait to be sent: at librdkafka's 100,000 the step stops until the broker has taken some.
        "queue.buffering.max.messages": 500_000,
        # What is its default too: no engine compresses here.
        "compression.type": "none",
    },
)
# Bytes in and out, decoded within the step: a serializer of its own would cost a call more for each record.
orders = app.topic(os.environ["BENCH_ORDERS"], key_deserializer="bytes", value_deserializer="bytes")
rows = app.topic(os.environ["BENCH_OUT"], key_serializer="bytes", value_serializer="bytes")
stream = app.dataframe(orders)
stream = stream.apply(lines, expand=True) if NESTED else stream.apply(line)
stream.to_topic(rows)
app.run()
