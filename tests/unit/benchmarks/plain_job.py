"""An engine as plain as can be: decode, look up, encode. With BENCH_SPOILED it writes one row wrong."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from fastavro import parse_schema, schemaless_reader, schemaless_writer

BROKERS = os.environ["BENCH_BROKERS"]
SCHEMAS = Path(os.environ["BENCH_SCHEMAS"])
PLAN = json.loads((SCHEMAS / "plan.json").read_text())


def schema(name: str) -> Any:
    """A schema by the name of its file."""
    return parse_schema(json.loads((SCHEMAS / f"{name}.avsc").read_text()))


def decoded(of: Any, message: Message) -> dict[str, Any]:
    """The fields of a record."""
    row: Any = schemaless_reader(BytesIO((message.value() or b"")[5:]), of, None)
    return dict(row)


def messages(consumer: Consumer, topic: str, partitions: int) -> Iterator[Message]:
    """All records of a topic that are there now."""
    places = [TopicPartition(topic, number, 0) for number in range(partitions)]
    left = sum(consumer.get_watermark_offsets(place)[1] for place in places)
    consumer.assign(places)
    while left:
        for message in consumer.consume(left, 1.0):
            left -= 1
            yield message


def main() -> None:
    """Join until SIGTERM."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    settings = {"bootstrap.servers": BROKERS, "group.id": os.environ["BENCH_GROUP"]}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
    known: dict[str, dict[int, dict[str, Any]]] = {}
    for name, one in PLAN["dimensions"].items():
        found = (decoded(schema(name), m) for m in messages(consumer, one["topic"], one["partitions"]))
        known[one["key"]] = {
            row[one["key"]]: {f"{one['prefix']}_{field}": row[field] for field in one["fields"]}
            for row in found
        }
    orders, enriched = schema("orders"), schema("enriched")
    producer = Producer({"bootstrap.servers": BROKERS, "partitioner": "murmur2_random"})
    consumer.unassign()
    consumer.subscribe([os.environ["BENCH_ORDERS"]])
    spoiled = "BENCH_SPOILED" in os.environ
    while not stopped:
        for message in consumer.consume(500, 0.1):
            order = decoded(orders, message)
            for item in order.pop("lines", [{}]):
                row = {**order, **item}
                for key, table in known.items():
                    row |= table[row[key]]
                if spoiled:
                    row, spoiled = {**row, "store_city": "nowhere"}, False
                target = BytesIO(b"\0" + PLAN["ids"]["enriched"].to_bytes(4, "big"))
                target.seek(5)
                schemaless_writer(target, enriched, row)
                producer.produce(os.environ["BENCH_OUT"], target.getvalue(), message.key())
        producer.poll(0)
    producer.flush()
    consumer.close()


if __name__ == "__main__":
    main()
