"""The newest records of a topic, as the broker holds them. Joins no group."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from mesh.kernel.errors import PlatformError

PATIENCE = 10.0
"""Seconds that the broker may take for an answer."""


def newest(kafka: str, topic: str, count: int) -> Iterator[Message]:
    """The newest ``count`` records of each partition of a topic, up to where it ends now.

    Raises :class:`PlatformError` when the broker does not answer, or has no such topic.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "mesh.newest",  # never joined: librdkafka wants a name
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        yield from _newest(consumer, topic, count)
    except KafkaException as problem:
        raise PlatformError(
            "broker-unreachable",
            f"cannot read {topic}: {problem.args[0].str()}",
            place=kafka,
            remedy="start it with `mesh up`, create the topics with `mesh apply`",
        ) from None
    finally:
        consumer.close()


def _newest(consumer: Consumer, topic: str, count: int) -> Iterator[Message]:
    spans = _spans(consumer, topic)
    open_ = {number: high for number, (low, high) in spans.items() if high > low}
    consumer.assign([TopicPartition(topic, n, max(spans[n][0], high - count)) for n, high in open_.items()])
    while open_:
        message = consumer.poll(PATIENCE)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        number, error = message.partition(), message.error()
        if error is not None:
            if error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            open_.pop(number, None)  # what stood before the end may be compacted away
        elif number in open_:
            if message.offset() < open_[number]:
                yield message
            if message.offset() + 1 >= open_[number]:
                del open_[number]


def _spans(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """First and next offset of each partition."""
    described = consumer.list_topics(topic, timeout=PATIENCE).topics[topic]
    if described.error is not None:
        raise KafkaException(described.error)
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=PATIENCE)
        for number in described.partitions
    }
