"""The broker's side of a subscription: partitions dealt and taken, records in order, places committed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from mesh.kernel.errors import PlatformError, SubscribeError
from mesh.kernel.settings import Settings

_LOG = logging.getLogger("mesh.subscribe")
SESSION_MS = 10_000
"""After this long without a sign of life a process loses its partitions to the others of its group."""
_PATIENCE = 30.0
"""Seconds that the broker may take for one answer, once it has answered at all."""
_AWAY = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE)
_HARMLESS = (KafkaError._MAX_POLL_EXCEEDED, KafkaError._TIMED_OUT, *_AWAY)


class Owner(Protocol):
    """Who works on the partitions that a feed brings."""

    def assigned(self, partitions: Sequence[int], committed: Mapping[int, int]) -> Mapping[int, int]:
        """Partitions are ours from now on; ``committed`` is the next offset of those that have one.

        Returns where to begin; partitions left out begin where the topic does, or at ``since``.
        """

    def revoked(self, *, lost: bool) -> None:
        """All partitions are taken away. ``lost``: already, so that nothing can be committed any more."""


class Source(Protocol):
    """Where a subscription gets its messages: a :class:`Feed`, or what stands for one in a test."""

    @property
    def topic_id(self) -> str:
        """See :attr:`Feed.topic_id`."""

    @property
    def at_end(self) -> bool:
        """See :attr:`Feed.at_end`."""

    def start(self) -> None:
        """See :meth:`Feed.start`."""

    def poll(self, timeout: float) -> Message | None:
        """See :meth:`Feed.poll`."""

    def mark(self) -> None:
        """See :meth:`Feed.mark`."""

    def commit(self, offsets: Mapping[int, int], *, wait: bool = False) -> None:
        """See :meth:`Feed.commit`."""

    def close(self) -> None:
        """See :meth:`Feed.close`."""


class Feed:
    """The records of one topic, for the partitions that this process owns: without a ``group`` all of them,
    or ``only`` one.

    A partition without a place begins where it does, with the first record published ``since`` a moment, or
    with the ``newest`` so many.

    Raises :class:`PlatformError` ``broker-unreachable`` when the broker does not answer within ``patience``
    seconds at the start, and :class:`SubscribeError` ``topic-missing``. Later a broker that is away is waited
    for; the log of ``mesh.subscribe`` says so. Not thread-safe.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        owner: Owner,
        *,
        group: str | None = None,
        since: datetime | None = None,
        newest: int | None = None,
        only: int | None = None,
        patience: float = 30.0,
    ) -> None:
        self._topic = topic
        self._owner = owner
        self._group = group
        self._since = since
        self._newest = newest
        self._only = only
        self._address = settings.kafka
        self._away = False
        self._ends: dict[int, int] | None = None
        self._at: dict[int, int] = {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka,
                "group.id": group or "mesh.subscribe",  # librdkafka wants a name
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "session.timeout.ms": SESSION_MS,
                "heartbeat.interval.ms": SESSION_MS // 5,
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 16 << 10,
                "error_cb": self._heard,
                "log_level": 0,
            }
        )
        self._patience = patience

    def start(self) -> None:
        """Ask for partitions; without a group they are here when this returns."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=self._patience).topics[self._topic]
        except KafkaException as problem:
            raise PlatformError(
                "broker-unreachable",
                f"no answer within {self._patience:g} s ({problem.args[0].str()})",
                place=self._address,
                remedy="start it with `mesh up`, or set MESH_KAFKA",
            ) from None
        if found.error is not None:
            raise SubscribeError(
                "topic-missing", "is not on the broker", place=self._topic, remedy="run `mesh apply`"
            )
        if self._group is None:
            self._assign(sorted(found.partitions) if self._only is None else [self._only], {})
        else:
            self._consumer.subscribe(
                [self._topic], on_assign=self._dealt, on_revoke=self._taken, on_lost=self._lost
            )

    @property
    def topic_id(self) -> str:
        """The broker's own id of the topic: a topic made anew has another one."""
        admin = AdminClient({"bootstrap.servers": self._address, "log_level": 0})
        described = admin.describe_topics(TopicCollection([self._topic]), request_timeout=_PATIENCE)
        with self._answered():
            return str(described[self._topic].result().topic_id)

    def poll(self, timeout: float) -> Message | None:
        """The next record; None when there is none within ``timeout`` seconds."""
        with self._answered():
            message = self._consumer.poll(timeout)
        if message is None:
            return None
        error = message.error()
        if error is None:
            self._at[message.partition()] = message.offset() + 1
            self._back()
            return message
        if error.code() == KafkaError._PARTITION_EOF:
            self._at[message.partition()] = message.offset()
            self._back()
        elif error.fatal() or not (error.retriable() or error.code() in _HARMLESS):
            raise self._refused(error)
        return None

    @property
    def at_end(self) -> bool:
        """Whether everything was read that the owned partitions held when they came, or at :meth:`mark`."""
        return self._ends is not None and all(self._at.get(p, 0) >= end for p, end in self._ends.items())

    def mark(self) -> None:
        """From now on :attr:`at_end` means the ends of this moment."""
        if self._ends is not None:
            self._ends = {partition: self._bounds(partition)[1] for partition in self._ends}

    def commit(self, offsets: Mapping[int, int], *, wait: bool = False) -> None:
        """Tell the broker the next offset of partitions; does nothing without a group.

        What the broker does not take is no loss: the records come again.
        """
        if self._group is None or not offsets:
            return
        places = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
        with suppress(KafkaException):
            self._consumer.commit(offsets=places, asynchronous=not wait)

    def close(self) -> None:
        """Leave the group, so that others get the partitions at once."""
        self._consumer.close()

    def _dealt(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        with self._answered():
            places = self._consumer.committed(partitions, timeout=_PATIENCE) if partitions else []
        self._assign(
            [place.partition for place in partitions],
            {place.partition: place.offset for place in places if place.offset >= 0},
        )

    def _assign(self, partitions: list[int], committed: Mapping[int, int]) -> None:
        begin = self._owner.assigned(partitions, committed)
        places, self._ends, self._at = [], {}, {}
        for partition in partitions:
            low, high = self._bounds(partition)
            start = begin[partition] if partition in begin else self._beginning(partition, low, high)
            self._ends[partition] = high
            if 0 < start < low and partition in begin:
                gone = f"{self._topic} {partition}@{start} to {low - 1}"
                _LOG.warning("%s is gone: the topic no longer keeps it, and it was never read here", gone)
            self._at[partition] = max(low, start)
            places.append(TopicPartition(self._topic, partition, self._at[partition]))
        self._consumer.assign(places)

    def _beginning(self, partition: int, low: int, high: int) -> int:
        """Where a partition without a place of its own begins."""
        if self._newest is not None:
            return high - self._newest
        if self._since is None:
            return low
        asked = TopicPartition(self._topic, partition, int(self._since.timestamp() * 1000))
        with self._answered():
            (found,) = self._consumer.offsets_for_times([asked], timeout=_PATIENCE)
        return int(found.offset) if found.offset >= 0 else high  # nothing was published since

    def _taken(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._ends = None
        self._owner.revoked(lost=False)

    def _lost(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._ends = None
        self._owner.revoked(lost=True)

    def _bounds(self, partition: int) -> tuple[int, int]:
        """The first offset that is there, and the next one that will be."""
        place = TopicPartition(self._topic, partition)
        with self._answered():
            low, high = self._consumer.get_watermark_offsets(place, timeout=_PATIENCE)
        return low, high

    def _heard(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN and not self._away:
            self._away = True
            _LOG.warning("the broker at %s does not answer; waiting for it", self._address)

    def _back(self) -> None:
        if self._away:
            self._away = False
            _LOG.warning("the broker at %s answers again", self._address)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Say in the mesh's own words that the broker did not give an answer."""
        try:
            yield
        except KafkaException as problem:
            raise self._refused(problem.args[0]) from None

    def _refused(self, error: KafkaError) -> PlatformError:
        return PlatformError(
            "broker-refused",
            error.str(),
            place=f"{self._topic} at {self._address}",
            remedy="see `mesh logs broker`",
        )
