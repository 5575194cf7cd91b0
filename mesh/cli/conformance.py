"""``mesh conformance``"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from rich.console import Console
from rich.table import Table

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import Settings, load_settings
from schemas.conformance import check_record
from schemas.registry import Registry

PATIENCE = 10.0
"""Seconds that the broker may take for an answer."""


def command(
    topic: Annotated[str, typer.Argument(help="The topic, such as sales.public.order-placed.v1.")],
    count: Annotated[
        int, typer.Option("--count", min=1, help="Newest records to read of each partition.")
    ] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what is wrong with the newest records of a topic, in whatever language they were published."""
    settings = load_settings()
    port = find_mesh(settings).port(topic)
    read, wrong = 0, []
    with Registry(settings.registry) as registry:
        for message in newest(settings, topic, count):
            read += 1
            problems = check_record(
                port,
                message.key(),
                message.value(),
                message.partition(),
                timestamp_ms=message.timestamp()[1],
                schemas=registry,
            )
            if problems:
                wrong.append(
                    {"partition": message.partition(), "offset": message.offset(), "problems": problems}
                )
    if as_json:
        typer.echo(json.dumps({"topic": topic, "read": read, "wrong": wrong}, indent=1))
    else:
        _print(topic, read, wrong)
    if wrong:
        raise typer.Exit(1)


def newest(settings: Settings, topic: str, count: int) -> Iterator[Any]:
    """The newest ``count`` messages of each partition of a topic, up to where it ends now.

    Raises :class:`PlatformError` when the broker does not answer, or has no such topic.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": "mesh.conformance",  # never committed: librdkafka wants a name
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        ends = _ends(consumer, topic)
        consumer.assign(
            [TopicPartition(topic, number, max(low, high - count)) for number, (low, high) in ends.items()]
        )
        open_partitions = {number for number, (low, high) in ends.items() if high > low}
        while open_partitions:
            message = consumer.poll(PATIENCE)
            if message is None:
                raise KafkaException("no record within the time allowed")
            number = message.partition()
            if message.error() is not None:
                if message.error().code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(message.error())
                open_partitions.discard(number)
                continue
            if message.offset() + 1 >= ends[number][1]:
                open_partitions.discard(number)
            if message.offset() < ends[number][1]:
                yield message
    except KafkaException as problem:
        raise PlatformError(
            "broker-unreachable",
            f"cannot read {topic}: {problem}",
            place=settings.kafka,
            remedy="start it with `mesh up`, create the topics with `mesh apply`",
        ) from None
    finally:
        consumer.close()


def _ends(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """First and next offset of each partition."""
    metadata = consumer.list_topics(topic, timeout=PATIENCE).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=PATIENCE)
        for number in metadata.partitions
    }


def _print(topic: str, read: int, wrong: list[dict[str, Any]]) -> None:
    console = Console(highlight=False)
    if wrong:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("partition", "offset", "what is wrong"):
            table.add_column(heading)
        for record in wrong:
            for place, problem in enumerate(record["problems"]):
                shown = ("", "") if place else (str(record["partition"]), str(record["offset"]))
                table.add_row(*shown, problem)
        console.print(table)
    console.print(f"{topic}: {read} records read, {len(wrong)} do not conform")
