"""Reads one partition of a changelog or table back, in batches, from a remembered offset to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from streams.engine.connection import connection, wait_or_raise
from streams.engine.fold import Fetched
from streams.engine.options import Options

Entries = list[tuple[bytes, bytes]]
T = TypeVar("T")
BATCH = 10_000  # records
WAIT = 0.05  # seconds until a smaller batch is taken


def entry(message: Message) -> tuple[bytes, bytes]:
    """A record of a changelog."""
    return message.key(), message.value()


def fetched(message: Message) -> Fetched:
    """A record as folds take it."""
    return (
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        message.headers() or (),
    )


def read(
    options: Options,
    topic: str,
    partition: int,
    position: int,
    make: Callable[[Message], T],
    take: Callable[[list[T]], None],
    cancelled: Callable[[], bool],
) -> int:
    """``take`` what is made of every record from ``position`` on; return the position after the last one.

    Blocks: for an executor. Waits for a broker that does not answer, and stops early when ``cancelled``.
    """
    consumer = Consumer(
        connection(
            options,
            {
                "group.id": "changelog",  # never joined: the client only insists on a name
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",  # compaction may have taken the remembered offset away
                "fetch.wait.max.ms": 50,
                "queued.min.messages": 100_000,
                "fetch.message.max.bytes": 4 << 20,
            },
        )
    )
    try:
        consumer.assign([TopicPartition(topic, partition, position)])
        while not cancelled():
            made: list[T] = []
            ended = False
            for message in consumer.consume(BATCH, WAIT):
                error = message.error()
                if error is None:
                    position = message.offset() + 1
                    made.append(make(message))
                elif error.code() == KafkaError._PARTITION_EOF:
                    position = max(position, message.offset())
                    ended = True
                else:
                    wait_or_raise(topic, error)
            take(made)
            if ended:
                return position
        return position
    finally:
        consumer.close()
