"""Dead letters: parking what may not land, and landing what anyone parked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from mesh.kernel.clock import now
from mesh.kernel.dead_letter import headers_of, read_letter
from mesh.kernel.errors import StreamError
from mesh.kernel.holding import UNCOUNTED
from mesh.kernel.names import SINK, TopicName
from sinks.intake import Refusal
from sinks.record import Record

TABLE = "mesh.dead_letters_v1"
COLUMNS = (
    "topic", "partition", "offset", "consumer", "file", "code", "reason", "schema_id", "code_version",
    "first_seen", "attempts", "key", "value", "dead_topic", "dead_partition", "dead_offset",
)  # fmt: skip


class Refused(NamedTuple):
    """A record that may not land, and why."""

    partition: int
    record: Record
    refusal: Refusal


class Parking:
    """Writes refused records to the dead letters of their topic, with everything a redrive needs.

    More than ``limit`` within a minute stop the sink, so that a broken publisher, or a broken sink, does not
    drain a topic into its dead letters.
    """

    def __init__(self, producer: Producer, limit: int) -> None:
        self._producer = producer
        self._limit = limit
        self._recent: deque[tuple[float, int]] = deque()  # moment, records
        self._errors: list[str] = []

    def park(self, topic: str, refused: Sequence[Refused]) -> None:
        """Park records of a topic and wait until they are on the broker.

        Raises :class:`StreamError` ``dead-letter-limit`` with none of them written, and ``parking-failed``.
        """
        self._count(topic, refused)
        for one in refused:
            self._produce(topic, one)
        if self._producer.flush(60) or self._errors:
            raise StreamError(
                "parking-failed",
                self._errors[0] if self._errors else "the broker did not take the dead letters within 60 s",
                remedy="nothing is lost: the records are read again; see `mesh status`",
            )

    def _count(self, topic: str, refused: Sequence[Refused]) -> None:
        bad = [one.refusal for one in refused if one.refusal.code not in UNCOUNTED]
        moment = time.monotonic()
        while self._recent and self._recent[0][0] < moment - 60:
            self._recent.popleft()
        self._recent.append((moment, len(bad)))
        in_a_minute = sum(records for _, records in self._recent)
        if bad and in_a_minute > self._limit:
            raise StreamError(
                "dead-letter-limit",
                f"{in_a_minute} records to park within a minute, more than {self._limit}; "
                f"one of them {bad[0].code}: {bad[0].reason}",
                place=topic,
                remedy="mend the publisher or the code; MESH_DEAD_LETTER_LIMIT raises the limit",
            )

    def _produce(self, topic: str, parked: Refused) -> None:
        offset, _, key, value, message = parked.record
        self._producer.produce(
            str(TopicName.parse(topic).dead),
            value,
            key,
            headers=headers_of(
                topic=topic,
                partition=parked.partition,
                offset=offset,
                consumer=SINK,
                code=parked.refusal.code,
                reason=parked.refusal.reason,
                value=value,
                seen=now(),
                headers=message.headers() or (),
            ),
            on_delivery=self._delivered,
        )

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._errors.append(str(error))


def row(topic: str, partition: int, record: Record) -> Sequence[Any]:
    """The warehouse's row of a record of a dead letter topic, in the order of :data:`COLUMNS`."""
    offset, moment, key, value, message = record
    letter = read_letter(key, value, message.headers() or (), moment)
    return (
        letter.topic,
        letter.partition,
        letter.offset,
        letter.consumer,
        letter.file,
        letter.code,
        letter.reason,
        letter.schema_id,
        letter.code_version,
        letter.first_seen,
        letter.attempts,
        letter.key or b"",
        letter.value or b"",
        topic,
        partition,
        offset,
    )
