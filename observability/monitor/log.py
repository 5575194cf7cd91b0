"""The log itself: at how many offsets of a stretch does the broker hold a record?"""

from __future__ import annotations

import time
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from observability.monitor.waits import Place

READ = 20_000
"""Records read of one stretch; the rest counts as there."""
PATIENCE = 3.0
"""Seconds for which a stretch is read."""
_POLL = 0.5


class Log:
    """Reads stretches of partitions without belonging to a group."""

    def __init__(self, address: str) -> None:
        self._settings: dict[str, Any] = {
            "bootstrap.servers": address,
            "group.id": "mesh.monitor",  # none is ever joined, and nothing is committed
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }

    def count(self, place: Place, start: int, end: int) -> int:
        """Records at offsets ``start`` to before ``end``.

        Offsets that compaction has emptied, or that hold the marks of transactions, are none. Raises
        :class:`KafkaException` when the broker does not answer.
        """
        consumer = Consumer(self._settings)
        try:
            consumer.assign([TopicPartition(place.topic, place.partition, start)])
            return self._count(consumer, start, end)
        finally:
            consumer.close()

    def _count(self, consumer: Consumer, start: int, end: int) -> int:
        """Read to the end of the stretch, of the partition, or of our patience."""
        found, at, deadline = 0, start, time.monotonic() + PATIENCE
        while at < end and found < READ and time.monotonic() < deadline:
            for message in consumer.consume(1000, _POLL):
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    return found
                if error is not None:
                    raise KafkaException(error)
                at = message.offset() + 1
                if message.offset() >= end:
                    return found
                found += 1
        if found == 0 and at < end:
            raise TimeoutError("the broker does not hand out records")
        return found + max(0, end - at)
