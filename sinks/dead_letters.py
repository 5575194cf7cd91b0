"""Dead letters: parking what may not land, and landing what anyone parked."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from mesh.kernel.clock import now
from mesh.kernel.errors import StreamError
from mesh.kernel.names import SINK, TopicName
from schemas.wire import schema_id
from sinks.intake import Refusal

TABLE = "mesh.dead_letters_v1"
COLUMNS = (
    "topic", "partition", "offset", "consumer", "file", "code", "reason", "schema_id", "code_version",
    "first_seen", "attempts", "key", "value", "dead_topic", "dead_partition", "dead_offset",
)  # fmt: skip

# anyone may write a dead letter, so its headers may say anything
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_INT32, _INT64 = 1 << 31, 1 << 63
_EPOCH, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2299, 1, 1, tzinfo=UTC)


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
        self._version = version("retail-data-mesh")

    def park(self, refused: Sequence[tuple[Message, Refusal]]) -> None:
        """Park records and wait until they are on the broker.

        Raises :class:`StreamError` ``dead-letter-limit`` with none of them written, and ``parking-failed``.
        """
        self._count(refused)
        for message, refusal in refused:
            self._produce(message, refusal)
        if self._producer.flush(60) or self._errors:
            raise StreamError(
                "parking-failed",
                self._errors[0] if self._errors else "the broker did not take the dead letters within 60 s",
                remedy="nothing is lost: the records are read again; see `mesh status`",
            )

    def _count(self, refused: Sequence[tuple[Message, Refusal]]) -> None:
        moment = time.monotonic()
        while self._recent and self._recent[0][0] < moment - 60:
            self._recent.popleft()
        self._recent.append((moment, len(refused)))
        in_a_minute = sum(records for _, records in self._recent)
        if in_a_minute > self._limit:
            message, refusal = refused[0]
            raise StreamError(
                "dead-letter-limit",
                f"{in_a_minute} records to park within a minute, more than {self._limit}; "
                f"one of them {refusal.code}: {refusal.reason}",
                place=message.topic(),
                remedy="mend the publisher or the code; MESH_DEAD_LETTER_LIMIT raises the limit",
            )

    def _produce(self, message: Message, refusal: Refusal) -> None:
        value = message.value()
        headers = {
            "mesh-topic": message.topic(),
            "mesh-partition": str(message.partition()),
            "mesh-offset": str(message.offset()),
            "mesh-consumer": SINK,
            "mesh-code": refusal.code,
            "mesh-reason": refusal.reason,
            "mesh-schema-id": _schema_id(value),
            "mesh-version": self._version,
            "mesh-first-seen": now().isoformat(),
            "mesh-attempts": "1",
        }
        self._producer.produce(
            str(TopicName.parse(message.topic()).dead),
            value,
            message.key(),
            headers=[(name, text.encode()) for name, text in headers.items()],
            on_delivery=self._delivered,
        )

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._errors.append(str(error))


def _schema_id(value: bytes | None) -> str:
    """The schema id of a value as text; empty where it has no frame."""
    try:
        return str(schema_id(value or b""))
    except ValueError:
        return ""


def row(message: Message) -> Sequence[Any]:
    """The warehouse's row of a parked record, in the order of :data:`COLUMNS`."""
    headers = {name: (raw or b"").decode(errors="replace") for name, raw in message.headers() or []}

    def number(name: str, default: int, limit: int = _INT32) -> int:
        text = headers.get(name, "")
        return int(text) if _NUMBER.fullmatch(text) and -limit <= int(text) < limit else default

    writer = number("mesh-schema-id", -1)
    return (
        headers.get("mesh-topic", ""),
        number("mesh-partition", -1),
        number("mesh-offset", -1, _INT64),
        headers.get("mesh-consumer", ""),
        headers.get("mesh-file", ""),
        headers.get("mesh-code", ""),
        headers.get("mesh-reason", ""),
        writer if writer >= 0 else None,
        headers.get("mesh-version", ""),
        _moment(headers.get("mesh-first-seen", ""), message),
        number("mesh-attempts", 0),
        message.key() or b"",
        message.value() or b"",
        message.topic(),
        message.partition(),
        message.offset(),
    )


def _moment(text: str, message: Message) -> datetime:
    """The moment that a text stands for; that of the dead letter where it is none that a column can hold."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if _EPOCH <= moment < _END:
            return moment
    except (ValueError, OverflowError):
        pass
    _, milliseconds = message.timestamp()
    return _EPOCH + timedelta(milliseconds=max(milliseconds, 0))
