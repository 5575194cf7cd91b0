"""Vanilla Faust: order lines joined with four dictionaries in one agent."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import faust
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


app = faust.App(
    os.environ["BENCH_GROUP"],
    broker=f"kafka://{BROKERS}",
    # There are no tables: the dictionaries are the state. This is its default.
    store="memory://",
    datadir=os.environ["BENCH_STATE"],
    # As many as the topics have here; its default is 8.
    topic_partitions=4,
    # Nothing here is for a leader or a browser: neither a topic of its own nor a web server.
    topic_disable_leader=True,
    web_enabled=False,
    # The input is there before the job is. This is its default.
    consumer_auto_offset_reset="earliest",
    # Its interval between commits is 2.8 s; 5 s is that of the others.
    broker_commit_interval=5.0,
    # Records from one poll, as the others take them; by default all that was fetched.
    broker_max_poll_records=5_000,
    # 4 MB of each partition at a time, as the others fetch them; its default is 1 MB.
    consumer_max_fetch_size=4 << 20,
    # Records between the consumer and the agent, so that reading need not stop while one poll is worked off.
    # Its default, 4,096, is less than a poll.
    stream_buffer_maxsize=16_384,
    # A batch waits 10 ms for company, as for the other Python peers; by default it goes at once.
    producer_linger=0.01,
    # Room in a batch for what comes in that time; its default is 16 KB.
    producer_max_batch_size=256 << 10,
    # All replicas, as everywhere here. This is its default.
    producer_acks=-1,
)


def _topic(name: str) -> Any:
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    return app.topic(name, partitions=4, **raw)


orders, rows = _topic(os.environ["BENCH_ORDERS"]), _topic(os.environ["BENCH_OUT"])


def _encoded(row: dict[str, Any]) -> bytes:
    row.update(PRODUCTS.get(row["product_id"], NOTHING))
    target = BytesIO()
    target.write(HEADER)
    schemaless_writer(target, ENRICHED, row)
    return target.getvalue()


@app.agent(orders)
async def enrich(stream: Any) -> None:
    """A row for each line of every order."""
    async for key, value in stream.items():
        order = schemaless_reader(BytesIO(value[5:]), ORDERS, None)
        order.update(CUSTOMERS.get(order["customer_id"], NOTHING))
        order.update(STORES.get(order["store_id"], NOTHING))
        order.update(EMPLOYEES.get(order["employee_id"], NOTHING))
        for row in [{**order, **item} for item in order.pop("lines")] if NESTED else [order]:
            await rows.send(key=key, value=_encoded(row))


if __name__ == "__main__":
    app.main()
