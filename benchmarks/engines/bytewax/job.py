"""Bytewax: order lines joined with four dictionaries in one stateless step."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from confluent_kafka import Consumer, TopicPartition
from fastavro import parse_schema, schemaless_reader, schemaless_writer

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


def _encoded(row: dict[str, Any], key: bytes) -> KafkaSinkMessage[bytes, bytes]:
    row.update(PRODUCTS.get(row["product_id"], NOTHING))
    target = BytesIO()
    target.write(HEADER)
    schemaless_writer(target, ENRICHED, row)
    return KafkaSinkMessage(key, target.getvalue())


def _order(message: KafkaSourceMessage[bytes, bytes]) -> dict[str, Any]:
    """A decoded record with the three dimensions that an order has."""
    order = schemaless_reader(BytesIO(message.value[5:]), ORDERS, None)
    order.update(CUSTOMERS.get(order["customer_id"], NOTHING))
    order.update(STORES.get(order["store_id"], NOTHING))
    order.update(EMPLOYEES.get(order["employee_id"], NOTHING))
    return order


def line(message: KafkaSourceMessage[bytes, bytes]) -> KafkaSinkMessage[bytes, bytes]:
    """A record of a line makes one row."""
    return _encoded(_order(message), message.key)


def lines(message: KafkaSourceMessage[bytes, bytes]) -> Iterator[KafkaSinkMessage[bytes, bytes]]:
    """A record of an order makes a row for each of its lines."""
    order = _order(message)
    for item in order.pop("lines"):
        yield _encoded({**order, **item}, message.key)


# Fetch ahead in large pieces, and hand 5,000 records at once to the steps (its default of 1,000 costs more).
READING = {"max.partition.fetch.bytes": str(4 << 20), "queued.min.messages": "100000"}
# A batch goes after 10 ms (librdkafka's default is 5), long before it is that large.
# Murmur2 is what Kafka's own clients use, so that a row lies where its order lay.
WRITING = {"linger.ms": "10", "batch.size": str(256 << 10), "acks": "all", "partitioner": "murmur2_random"}

flow = Dataflow("enrich")
orders = op.input(
    "orders", flow, KafkaSource([BROKERS], [os.environ["BENCH_ORDERS"]], add_config=READING, batch_size=5_000)
)
rows = op.flat_map("lines", orders, lines) if NESTED else op.map("line", orders, line)
op.output("rows", rows, KafkaSink([BROKERS], os.environ["BENCH_OUT"], add_config=WRITING))
