"""Topics read from their beginning to where they end at the time of the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from mesh.kernel.errors import ReconcileError

if TYPE_CHECKING:
    from confluent_kafka import Message

    from mesh.kernel.settings import Settings

_BATCH = 5_000
_WAIT = 0.1
"""Seconds to wait for a batch to fill."""
_TIMEOUT = 10.0


class Span(NamedTuple):
    """The offsets that a partition holds: from ``start`` up to, but without, ``end``."""

    start: int
    end: int


class Log:
    """The broker's topics, for reading only: no group is joined and nothing is committed."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.kafka
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka,
                "group.id": "mesh.reconcile",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                # A fetch at a topic's end would hold up the next topic for as long.
                "fetch.wait.max.ms": 20,
                # What waits in librdkafka's queue is memory on top of the frames.
                "queued.max.messages.kbytes": 32 << 10,
            }
        )

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def spans(self, topic: str) -> dict[int, Span]:
        """What each partition of a topic holds now. Raises :class:`ReconcileError`."""
        try:
            described = self._consumer.list_topics(topic, timeout=_TIMEOUT).topics[topic]
            if described.error is not None:
                raise KafkaException(described.error)
            return {
                partition: Span(
                    *self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_TIMEOUT)
                )
                for partition in sorted(described.partitions)
            }
        except KafkaException as error:
            raise self._unreadable(topic, error.args[0]) from None

    def batches(self, topic: str) -> Iterator[list[Message]]:
        """The records that a topic holds now, in batches. Raises :class:`ReconcileError`."""
        open_ = {
            partition: span.end for partition, span in self.spans(topic).items() if span.end > span.start
        }
        self._consumer.assign([TopicPartition(topic, partition, 0) for partition in open_])
        try:
            while open_:
                batch = []
                for message in self._consumer.consume(_BATCH, _WAIT):
                    error, partition = message.error(), message.partition()
                    if error is None and partition in open_ and message.offset() < open_[partition]:
                        batch.append(message)
                        if message.offset() + 1 == open_[partition]:
                            del open_[partition]
                    elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                        # Compaction may have taken the last record before the end.
                        open_.pop(partition, None)
                    elif error is not None and not error.retriable():
                        raise self._unreadable(topic, error)
                if batch:
                    yield batch
        finally:
            self._consumer.unassign()

    def _unreadable(self, topic: str, error: KafkaError) -> ReconcileError:
        return ReconcileError(
            "topic-unreadable", error.str(), place=f"{topic} at {self._address}", remedy="see `mesh status`"
        )
