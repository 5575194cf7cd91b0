"""The log itself: at how many offsets is there a record, and when was the newest one published?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from mesh.kernel.broker import Place

READ = 20_000
"""Records read of one stretch; the rest counts as there."""
PATIENCE = 3.0
"""Seconds for which is read at the most."""
_POLL = 0.5


def joining_nothing(address: str) -> dict[str, Any]:
    """The settings of a client that reads partitions by itself and hears of their ends."""
    return {
        "bootstrap.servers": address,
        "group.id": "mesh.monitor",  # none is ever joined, and nothing is committed
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "log_level": 0,
    }


class Log:
    """Reads partitions without belonging to a group; raises :class:`KafkaException` as the broker fails."""

    def __init__(self, address: str) -> None:
        self._settings = joining_nothing(address)

    def count(self, place: Place, start: int, end: int) -> int:
        """Records at offsets ``start`` to before ``end``.

        Offsets that compaction has emptied, or that hold the marks of transactions, are none.
        """
        found, at = 0, start
        with self._reading({place: start}) as messages:
            for message in messages:
                if message is None or message.offset() >= end:
                    return found
                found, at = found + 1, message.offset() + 1
                if at >= end or found >= READ:
                    break
        if not found:
            raise TimeoutError("the broker does not hand out records")
        return found + max(0, end - at)

    def newest(self, ends: Mapping[Place, int]) -> dict[Place, float]:
        """When the last record of each partition was published (Unix time), as far as that can be read."""
        left = {place: end - 1 for place, end in ends.items() if end > 0}
        found: dict[Place, float] = {}
        if left:
            with self._reading(left) as messages:
                for message in messages:
                    if message is not None:
                        place = Place(message.topic(), message.partition())
                        found[place] = message.timestamp()[1] / 1000
                        if len(found) == len(left):
                            break
        return found

    @contextmanager
    def _reading(self, starts: Mapping[Place, int]) -> Iterator[Iterator[Message | None]]:
        """The records from these offsets on; None where a partition has no more."""
        consumer = Consumer(self._settings)
        try:
            consumer.assign(
                [TopicPartition(place.topic, place.partition, start) for place, start in starts.items()]
            )
            yield _messages(consumer)
        finally:
            consumer.close()


def _messages(consumer: Consumer) -> Iterator[Message | None]:
    """What a consumer hands out until our patience is at its end."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for message in consumer.consume(1000, _POLL):
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                yield None
            else:
                raise KafkaException(error)
