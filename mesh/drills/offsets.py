"""How far the sink has read a topic, and moving that by hand; only while no process of the sink runs."""

from __future__ import annotations

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from mesh.kernel.errors import DrillError
from mesh.kernel.names import SINK
from mesh.kernel.settings import Settings

PATIENCE = 10.0
"""Seconds that the broker may take for an answer."""


def committed(settings: Settings, topic: str) -> dict[int, int]:
    """The sink's next offset of each partition; its beginning where it has read nothing yet."""
    admin = _admin(settings)
    partitions = [TopicPartition(topic, number) for number in _partitions(admin, topic)]
    asked = [ConsumerGroupTopicPartitions(SINK, partitions)]
    try:
        found = admin.list_consumer_group_offsets(asked, request_timeout=PATIENCE)[SINK].result()
    except KafkaException as error:
        raise _refused(error, topic) from None
    return {place.partition: max(place.offset, 0) for place in found.topic_partitions}


def ends(settings: Settings, topic: str) -> dict[int, int]:
    """Where each partition ends."""
    admin = _admin(settings)
    asked = {TopicPartition(topic, number): OffsetSpec.latest() for number in _partitions(admin, topic)}
    try:
        return {
            place.partition: future.result().offset
            for place, future in admin.list_offsets(asked, request_timeout=PATIENCE).items()
        }
    except KafkaException as error:
        raise _refused(error, topic) from None


def move(settings: Settings, topic: str, positions: dict[int, int]) -> None:
    """Let the sink go on from these offsets. Raises :class:`DrillError` while a process of it still runs."""
    places = [TopicPartition(topic, number, offset) for number, offset in positions.items()]
    asked = [ConsumerGroupTopicPartitions(SINK, places)]
    admin = _admin(settings)  # lives until the answer is there: its end would keep the answer back
    try:
        admin.alter_consumer_group_offsets(asked, request_timeout=PATIENCE)[SINK].result()
    except KafkaException as error:
        raise _refused(error, topic) from None


def _admin(settings: Settings) -> AdminClient:
    return AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})


def _partitions(admin: AdminClient, topic: str) -> list[int]:
    try:
        return sorted(admin.list_topics(topic, timeout=PATIENCE).topics[topic].partitions)
    except KafkaException as error:
        raise _refused(error, topic) from None


def _refused(error: KafkaException, topic: str) -> DrillError:
    return DrillError(
        "broker-refused", error.args[0].str(), place=f"{SINK} {topic}", remedy="see `mesh logs broker`"
    )
