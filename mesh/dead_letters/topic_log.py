"""The records of source topics, read back: a partition from an offset to its end, or single records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from mesh.kernel.errors import PlatformError

PATIENCE = 10.0
"""Seconds that the broker may take for an answer."""
_BATCH = 5_000
_WAIT = 0.05
"""Seconds to wait for a batch to fill."""


class SourceRecord(NamedTuple):
    """A record as it stands on its topic."""

    partition: int
    offset: int
    timestamp: int
    """Kafka's, in ms."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class TopicLog:
    """Reads without joining a group. Raises :class:`PlatformError` when the broker does not answer."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka,
                "group.id": "mesh.dead",  # never joined: librdkafka wants a name
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                "log_level": 2,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def stretch(self, topic: str, partition: int, start: int) -> Iterator[SourceRecord]:
        """The records from an offset to where the partition ends now."""
        for message in self._read(TopicPartition(topic, partition, start)):
            yield _record(message)

    def records(self, topic: str, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], SourceRecord]:
        """The records at these places (partition, offset), as far as the topic still has them."""
        found = {}
        for partition, offset in sorted(set(places)):
            first = next(iter(self._read(TopicPartition(topic, partition, offset))), None)
            if first is not None and first.offset() == offset:
                found[partition, offset] = _record(first)
        return found

    def _read(self, start: TopicPartition) -> Iterator[Message]:
        try:
            _, end = self._consumer.get_watermark_offsets(start, timeout=PATIENCE)
            position, silent = start.offset, 0.0
            if position < end:
                self._consumer.assign([start])
            while position < end:
                messages = self._consumer.consume(_BATCH, _WAIT)
                silent = 0.0 if messages else silent + _WAIT
                for message in messages:
                    error = message.error()
                    if error is None:
                        position = message.offset() + 1
                        if position <= end:
                            yield message
                    elif error.code() == KafkaError._PARTITION_EOF:
                        position = end  # what stood before the end may be compacted away
                    elif not error.retriable():
                        raise KafkaException(error)
                if silent > PATIENCE:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        except KafkaException as problem:
            raise PlatformError(
                "broker-unreachable",
                f"cannot read {start.topic}: {problem.args[0].str()}",
                place=self._kafka,
                remedy="see `mesh status`",
            ) from None
        finally:
            self._consumer.unassign()


def _record(message: Message) -> SourceRecord:
    headers = tuple((name, content or b"") for name, content in message.headers() or ())
    return SourceRecord(
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        headers,
    )
