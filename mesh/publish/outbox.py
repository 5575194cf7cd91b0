"""The way to the broker: one idempotent librdkafka producer that can tell what it did not deliver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from mesh.kernel.errors import PublishError
from mesh.kernel.metrics import RECORDS_WRITTEN
from mesh.kernel.settings import Settings

TIMEOUT = 120.0
"""Seconds after which a record that the broker has not taken counts as undelivered."""
QUEUE = 400_000
"""Records that may wait in the producer; beyond it the sender waits."""
CHUNK = 50_000
"""Records that are queued at once."""
SETTLE = 1_000
"""Records after which the producer's reports are heard and the metrics are brought up to date."""
SHOWN = 5
"""Undelivered records that an error lists."""


class Undelivered(NamedTuple):
    """A record that is not on the broker."""

    topic: str
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.topic} {self.key} ({self.reason})"


class Outbox:
    """Sends records and accounts for each of them: :meth:`flush` returns only when all are on the broker.

    The producer is idempotent (no record twice, none out of order within its partition) and waits for all
    in-sync replicas. Not thread-safe. Raises :class:`PublishError`.
    """

    def __init__(self, settings: Settings, application: str, *, timeout: float = TIMEOUT) -> None:
        self._kafka = settings.kafka
        self._application = application
        self._timeout = timeout
        self._undelivered: list[Undelivered] = []
        self._tally: Counter[str] = Counter()
        self._unsettled = 0
        self._producer = Producer(
            {
                "bootstrap.servers": settings.kafka,
                "client.id": f"mesh-{application}",
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "batch.size": 1_000_000,
                "queue.buffering.max.messages": QUEUE,
                "queue.buffering.max.kbytes": 512 * 1024,
                "delivery.timeout.ms": int(timeout * 1000),
                "delivery.report.only.error": True,
                "log_level": 2,  # the outcome of every record is reported below; a broker that is away is not
                "error_cb": lambda _: None,
            }
        )

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes,
        *,
        partition: int = -1,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Queue one record; partition -1 leaves it to murmur2 of the key."""
        self._make_room(1)
        try:
            self._producer.produce(
                topic, value, key, partition, headers=list(headers), on_delivery=self._report
            )
        except KafkaException as error:
            raise _refused(topic, key, error.args[0]) from None
        self._tally[topic] += 1
        self._settle()

    def send_batch(self, topic: str, records: list[dict[str, Any]]) -> None:
        """Queue records of one topic in their order; each a dict of ``key``, ``value`` and ``partition``."""
        for start in range(0, len(records), CHUNK):
            waiting = records[start : start + CHUNK]
            while waiting:
                self._make_room(len(waiting))
                queued = self._producer.produce_batch(topic, waiting, on_delivery=self._report)
                self._count(topic, queued)
                waiting = [] if queued == len(waiting) else self._left(topic, waiting)

    def flush(self) -> None:
        """Return when every record is on the broker; raises ``undelivered`` with those that are not."""
        self._settle()
        if self._producer.flush(self._timeout):
            # What is still queued is given up, so that nothing arrives after the caller was told that it
            # did not.
            self._producer.purge()
            self._producer.flush(5)
        if self._undelivered:
            lost, self._undelivered = self._undelivered, []
            shown = ", ".join(map(str, lost[:SHOWN])) + (", …" if len(lost) > SHOWN else "")
            raise PublishError(
                "undelivered",
                f"{len(lost)} records are not on the broker: {shown}",
                place=self._kafka,
                remedy="see `mesh status`, then publish them again: equal events do no harm",
            )

    def _left(self, topic: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The records for which the queue had no room, after a moment in which it may have emptied."""
        left = [record for record in records if "_error" in record]
        for record in left:
            error = record.pop("_error")
            if error.code() != KafkaError._QUEUE_FULL:
                raise _refused(topic, record["key"], error)
        self._producer.poll(0.05)
        return left

    def _count(self, topic: str, records: int) -> None:
        # Not at each record: an extract may send them one by one, and both calls cost more than queueing one.
        self._tally[topic] += records
        self._unsettled += records
        if self._unsettled >= SETTLE:
            self._settle()

    def _settle(self) -> None:
        self._producer.poll(0)
        for topic, records in self._tally.items():
            RECORDS_WRITTEN.labels(self._application, topic).inc(records)
        self._tally.clear()
        self._unsettled = 0

    def _make_room(self, count: int) -> None:
        while len(self._producer) + count > QUEUE and len(self._producer):
            self._producer.poll(0.05)

    def _report(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._undelivered.append(Undelivered(message.topic() or "", _shown(message.key()), error.str()))


def _refused(topic: str, key: bytes | None, error: KafkaError) -> PublishError:
    return PublishError(
        "record-refused",
        f"the producer does not take the record {_shown(key)}: {error.str()}",
        place=topic,
        remedy="see that it is smaller than the broker's message.max.bytes",
    )


def _shown(key: bytes | str | None) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else key or ""


def reach(settings: Settings, timeout: float = 10.0) -> dict[str, int]:
    """The broker's topics and their numbers of partitions; raises :class:`PublishError` when it is away."""
    producer = Producer({"bootstrap.servers": settings.kafka, "log_level": 2, "error_cb": lambda _: None})
    try:
        found = producer.list_topics(timeout=timeout)
    except KafkaException as error:
        raise PublishError(
            "broker-unreachable", f"no answer within {timeout:g} s ({error.args[0].str()})",
            place=settings.kafka, remedy="start it with `mesh up`, or set MESH_KAFKA",
        ) from None  # fmt: skip
    return {name: len(topic.partitions) for name, topic in found.topics.items()}
