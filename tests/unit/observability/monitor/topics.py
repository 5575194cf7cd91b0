"""Topics in memory, and a client of them that can fail and stand still as librdkafka does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confluent_kafka import TIMESTAMP_CREATE_TIME, KafkaError, KafkaException, Message, TopicPartition

from mesh.kernel.broker import Place

Headers = list[tuple[str, bytes]]


PUBLISHED = (TIMESTAMP_CREATE_TIME, 1_700_000_000_000)
"""When every record was, as the client tells it: kind and milliseconds."""


def message(place: Place, offset: int, **told: Any) -> Message:
    """A record, or the news that a partition has no more, as the client gives them."""
    return Message(topic=place.topic, partition=place.partition, offset=offset, timestamp=PUBLISHED, **told)


class Topics:
    """Partitions with their records by offset; ``gone`` are those that the broker no longer holds."""

    def __init__(self, *places: Place) -> None:
        self.logs: dict[Place, dict[int, Message]] = {place: {} for place in places}
        self.next = dict.fromkeys(places, 0)
        self.first = dict.fromkeys(places, 0)
        self.away = False
        self.still = False
        """Whether the clients that there are hand out nothing more."""
        self.opened: list[Client] = []

    def append(
        self, place: Place, key: bytes | None, value: bytes | None, headers: Headers | None = None
    ) -> None:
        """Publish a record."""
        at = self.next[place]
        self.logs[place][at] = message(place, at, key=key, value=value, headers=headers)
        self.next[place] += 1

    def places(self, topics: Iterable[str]) -> list[Place]:
        """The partitions of some topics."""
        self._answer()
        wanted = set(topics)
        return [place for place in self.logs if place.topic in wanted]

    def starts(self, places: Iterable[Place]) -> dict[Place, int]:
        """The first offset of each."""
        self._answer()
        return {place: self.first[place] for place in places}

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The next offset of each."""
        self._answer()
        return {place: self.next[place] for place in places}

    def client(self, _settings: dict[str, Any]) -> Any:
        """A new client."""
        self.opened.append(Client(self))
        return self.opened[-1]

    def _answer(self) -> None:
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))


class Client:
    """A consumer of the topics."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._at: dict[Place, int] = {}
        self.closed = False

    def assign(self, places: list[TopicPartition]) -> None:
        """Read these from their offsets on."""
        self._at = {Place(one.topic, one.partition): one.offset for one in places}

    def consume(self, count: int, _wait: float) -> list[Message]:
        """Records, and the news of each end."""
        if self._topics.still and self is not self._topics.opened[-1]:
            return []
        if self._topics.still:
            self._topics.still = len(self._topics.opened) < 2  # a successor is served
            if self._topics.still:
                return []
        found: list[Message] = []
        for place, at in self._at.items():
            log = self._topics.logs[place]
            room = count - sum(one.error() is None for one in found)
            offsets = [offset for offset in sorted(log) if offset >= at][:room]
            found += [log[offset] for offset in offsets]
            self._at[place] = offsets[-1] + 1 if offsets else at
            if all(offset < self._at[place] for offset in log):
                end = self._topics.next[place]
                found.append(message(place, end, error=KafkaError(KafkaError._PARTITION_EOF)))
        return found

    def close(self) -> None:
        """Let go."""
        self.closed = True
