"""What may be asked of the broker about offsets: ends of partitions, and how far a group has read.

All of it by way of a consumer that never subscribes, and so joins no group; one request for many partitions.
The admin client has the same questions, but an answer that speaks of an election ends its process
(librdkafka 2.16, an assertion on the admin's answer), and who asks must outlive just that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException, TopicPartition


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class Broker:
    """The broker as one group asks it, which may take ``timeout`` seconds for an answer.

    Its methods raise :class:`KafkaException` when there is none in time, or when it is a refusal.
    """

    def __init__(self, address: str, group: str, timeout: float) -> None:
        self._timeout = timeout
        self._consumer = Consumer(
            {
                "bootstrap.servers": address,
                "group.id": group,
                "enable.auto.commit": False,
                "log_level": 0,
                "reconnect.backoff.max.ms": 1000,
            }
        )

    def places(self, topics: Iterable[str]) -> list[Place]:
        """The partitions of those topics that there are."""
        there = self._consumer.list_topics(timeout=self._timeout).topics
        return [
            Place(topic, number) for topic in topics if topic in there for number in there[topic].partitions
        ]

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The next offset of each partition."""
        return self._offsets(places, OFFSET_END)

    def starts(self, places: Iterable[Place]) -> dict[Place, int]:
        """The first offset that each partition still holds."""
        return self._offsets(places, OFFSET_BEGINNING)

    def committed(self, places: Iterable[Place]) -> dict[Place, int]:
        """The next offset to read of each partition for which the group has committed one."""
        asked = [TopicPartition(place.topic, place.partition) for place in places]
        return dict(_taken(self._consumer.committed(asked, timeout=self._timeout)))

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Let the group go on from these offsets. It is refused while a process of the group runs."""
        asked = [TopicPartition(place.topic, place.partition, offset) for place, offset in positions.items()]
        dict(_taken(self._consumer.commit(offsets=asked, asynchronous=False)))

    def answers(self) -> bool:
        """Whether the cluster names a live broker and a controller."""
        try:
            cluster = self._consumer.list_topics(timeout=self._timeout)
        except KafkaException:
            return False
        return bool(cluster.brokers) and cluster.controller_id >= 0

    def _offsets(self, places: Iterable[Place], logical: int) -> dict[Place, int]:
        """Offsets by a moment that stands for the first or the last one."""
        asked = [TopicPartition(place.topic, place.partition, logical) for place in places]
        return dict(_taken(self._consumer.offsets_for_times(asked, timeout=self._timeout))) if asked else {}


def _taken(answers: Iterable[TopicPartition]) -> Iterable[tuple[Place, int]]:
    """Each partition with its offset, where it has one; raise the fault of the first that has a fault."""
    for one in answers:
        if one.error is not None:
            raise KafkaException(one.error)
        if one.offset >= 0:
            yield Place(one.topic, one.partition), one.offset
