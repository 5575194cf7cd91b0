"""Topics as a whole, read from their beginning, a stretch at a time. Joins no group and commits nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from mesh.kernel.broker import Place
from observability.monitor.log import joining_nothing

BATCH = 500
"""Records taken at once; between two batches it is looked whether the time is over."""
LATE = 5.0
"""Seconds in which a record that is there must come: a fetch takes half of one at the most."""
_WAIT = 0.2
log = logging.getLogger("mesh.monitor")


class Offsets(Protocol):
    """Who knows where topics begin and end: :class:`mesh.kernel.broker.Broker`."""

    def places(self, topics: Iterable[str]) -> list[Place]:
        """Their partitions."""

    def starts(self, places: Iterable[Place]) -> dict[Place, int]:
        """The first offset of each."""

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The next offset of each."""


class Following:
    """Reads on where it stopped, whatever became of the broker meanwhile.

    librdkafka may stand still for minutes, or for ever, once its broker was away
    (https://github.com/confluentinc/librdkafka/issues/5153). What does not come in time is asked for by a
    successor. Every method raises :class:`KafkaException` as the broker fails, and may be called again.
    """

    def __init__(
        self,
        address: str,
        broker: Offsets,
        topics: Sequence[str],
        *,
        consumer: Callable[[dict[str, Any]], Consumer] = Consumer,
        late: float = LATE,
    ) -> None:
        self._topics = tuple(topics)
        self._broker = broker
        self._open = consumer
        self._late = late
        self._settings = {
            **joining_nothing(address),
            "queued.max.messages.kbytes": 8 << 10,  # what is read ahead is memory
        }
        self._consumer: Consumer | None = None
        self.at: dict[Place, int] = {}
        """The next offset to read of each partition."""
        self.ends: dict[Place, int] = {}
        """Where each ended when that was asked last."""

    def look(self) -> set[str]:
        """Ask where the topics end; the topics of which nothing is known any more, or yet.

        Those begin anew: they are here for the first time, or another topic has got the name of one.
        """
        places = self._broker.places(self._topics)
        starts = self._broker.starts(places)
        self.ends = self._broker.ends(places)
        if places and places != list(self.at):
            self._rest()
        fresh = {place.topic for place in places if not self._goes_on(place)}
        known = self.at
        self.at = {place: starts.get(place, 0) if place.topic in fresh else known[place] for place in places}
        if fresh:
            self._rest()
        return fresh

    def behind(self, topic: str) -> int:
        """How many offsets of a topic are still to be read."""
        return sum(max(0, end - self.at[place]) for place, end in self.ends.items() if place.topic == topic)

    def read(self, take: Callable[[Place, Message], None], seconds: float) -> None:
        """Take records up to the ends that were asked for last, for so many seconds of a processor, and a
        batch at least.

        What ``take`` raises comes out of here; the record comes again.
        """
        began = time.thread_time()
        try:
            heard = time.monotonic()
            while self._is_behind():
                if self._take(take):
                    heard = time.monotonic()
                elif time.monotonic() - heard > self._late:
                    log.warning("following: the client stands still; another one reads on")
                    self._rest()
                    return
                if time.thread_time() - began >= seconds:
                    return
        except BaseException:
            self._rest()
            raise

    def close(self) -> None:
        """Let go of the broker."""
        self._rest()

    def _goes_on(self, place: Place) -> bool:
        return place in self.at and self.ends.get(place, 0) >= self.at[place]

    def _is_behind(self) -> bool:
        return any(self.at[place] < end for place, end in self.ends.items())

    def _take(self, take: Callable[[Place, Message], None]) -> bool:
        """A batch; whether there was anything."""
        if self._consumer is None:
            self._consumer = self._open(self._settings)
            self._consumer.assign([TopicPartition(*place, at) for place, at in self.at.items()])
        messages = self._consumer.consume(BATCH, _WAIT)
        for message in messages:
            place, error = Place(message.topic(), message.partition()), message.error()
            if error is None:
                take(place, message)
                self.at[place] = message.offset() + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                # The end may lie behind a gap that compaction left.
                self.at[place] = max(self.at[place], message.offset())
            else:
                raise KafkaException(error)
        return bool(messages)

    def _rest(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def reached(at: Mapping[Place, int], ends: Mapping[Place, int]) -> bool:
    """Whether all of these ends are reached."""
    return all(at.get(place, 0) >= end for place, end in ends.items())
