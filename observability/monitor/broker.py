"""What the monitor asks the broker: ends of partitions, newest records, committed offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from observability.monitor.waits import Place

TIMEOUT = 2.5
"""Seconds that the broker may take for an answer."""


class Broker:
    """A client of the broker; its methods raise :class:`KafkaException` when it does not answer in time."""

    def __init__(self, address: str) -> None:
        self._admin = AdminClient(
            {"bootstrap.servers": address, "log_level": 0, "reconnect.backoff.max.ms": 1000}
        )

    def places(self, topics: Iterable[str]) -> list[Place]:
        """The partitions of those topics that there are."""
        there = self._admin.list_topics(timeout=TIMEOUT).topics
        return [
            Place(topic, number) for topic in topics if topic in there for number in there[topic].partitions
        ]

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The next offset of each partition."""
        return {place: found.offset for place, found in self._offsets(places, OffsetSpec.latest())}

    def starts(self, places: Iterable[Place]) -> dict[Place, int]:
        """The first offset that each partition still holds."""
        return {place: found.offset for place, found in self._offsets(places, OffsetSpec.earliest())}

    def newest(self, places: Iterable[Place]) -> dict[Place, float]:
        """When the newest record of each partition was published (Unix time); absent where it has none."""
        found = self._offsets(places, OffsetSpec.max_timestamp())
        return {place: one.timestamp / 1000 for place, one in found if one.timestamp >= 0}

    def committed(self, group: str) -> dict[Place, int]:
        """The next offset to read of each partition for which a group has committed one."""
        asked = [ConsumerGroupTopicPartitions(group)]
        future = self._admin.list_consumer_group_offsets(asked, request_timeout=TIMEOUT)[group]
        found = future.result().topic_partitions
        return {Place(one.topic, one.partition): one.offset for one in found if one.offset >= 0}

    def answers(self) -> bool:
        """Whether the cluster names a live broker and a controller."""
        try:
            cluster = self._admin.describe_cluster(request_timeout=TIMEOUT).result()
        except KafkaException:
            return False
        return bool(cluster.nodes) and cluster.controller is not None

    def _offsets(self, places: Iterable[Place], spec: OffsetSpec) -> Iterator[tuple[Place, Any]]:
        asked = {TopicPartition(place.topic, place.partition): spec for place in places}
        if asked:
            for one, future in self._admin.list_offsets(asked, request_timeout=TIMEOUT).items():
                yield Place(one.topic, one.partition), future.result()
