"""Reads one partition of a changelog back, in batches, from a remembered offset to its end."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import Consumer, KafkaError, TopicPartition

from streams.engine.connection import connection, wait_or_raise
from streams.engine.options import Options

Entries = list[tuple[bytes, bytes]]
BATCH = 10_000  # records
WAIT = 0.05  # seconds until a smaller batch is taken


def read(
    options: Options,
    topic: str,
    partition: int,
    position: int,
    take: Callable[[Entries], None],
    cancelled: Callable[[], bool],
) -> int:
    """Give every entry from ``position`` on to ``take``; return the position after the last one.

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
            entries: Entries = []
            ended = False
            for message in consumer.consume(BATCH, WAIT):
                error = message.error()
                if error is None:
                    position = message.offset() + 1
                    entries.append((message.key(), message.value()))
                elif error.code() == KafkaError._PARTITION_EOF:
                    position = max(position, message.offset())
                    ended = True
                else:
                    wait_or_raise(topic, error)
            take(entries)
            if ended:
                return position
        return position
    finally:
        consumer.close()
