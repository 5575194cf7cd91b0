"""A message of the broker becomes a record that a subscriber can use, or is rejected for a stated reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from confluent_kafka import Message

from mesh.kernel.contract import Port
from mesh.kernel.holding import Holding
from mesh.subscribe.masking import Masking
from schemas.codec import Codec, Codecs
from schemas.wire import UndecodableError, belongs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


class Rejected(NamedTuple):
    """A record that cannot be used. Neither code nor reason holds a value of it but for its key."""

    topic: str
    partition: int
    offset: int
    key: str
    published_at: datetime
    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.topic} {self.partition}@{self.offset}: {self.reason} ({self.code})"


@dataclass(frozen=True, slots=True)
class Received:
    """One record of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    published_at: datetime
    """When it was published; a derived record has the time of the record that caused it."""
    headers: Mapping[str, bytes]
    values: dict[str, Any]
    """Its fields, in the Python types of the event's class."""

    def __getitem__(self, field: str) -> Any:
        return self.values[field]


class Reader(Protocol):
    """Makes records of messages: an :class:`Intake`, or who reads something else than a port."""

    def read(self, message: Message, holding: Holding | None = None) -> Received | Rejected:
        """See :meth:`Intake.read`."""

    def shown(self, values: dict[str, Any]) -> dict[str, Any]:
        """See :meth:`Intake.shown`."""


class Intake:
    """Reads the messages of one port as every consumer of the mesh does (semantics, rules 2 and 24)."""

    def __init__(self, port: Port, codec: Codec, codecs: Codecs, *, clear: bool = False) -> None:
        self._codec = codec
        self._codecs = codecs
        self._masking = None if clear else Masking.of(port)
        self._owner = port.keyed_by
        # the clock of the mesh moves by these facts alone, so only they can push it ahead of time
        self._moves_clock = port.domain == "sales" and bool(self._owner) and port.revision == "seq"

    def read(self, message: Message, holding: Holding | None = None) -> Received | Rejected:
        """The record in a message, personal text in clear, or why there is none.

        ``holding`` knows what waits behind an invalid record in this partition, and learns from this one.
        Raises :class:`mesh.kernel.errors.PlatformError` while a schema is needed and the registry is away.
        """
        offset, key, value = message.offset(), message.key(), message.value()
        if holding is not None and (value is None or key in holding.keys):
            verdict = holding.verdict(offset, key, value, message.headers())
            if verdict is not None:
                return Rejected(*place(message), *verdict)
        read = self._judged(message)
        if isinstance(read, Rejected) and holding is not None:
            holding.refused(offset, key, read.code, read.reason)
        return read

    def _judged(self, message: Message) -> Received | Rejected:
        at = place(message)
        try:
            values = self.decode(message.value())
        except UndecodableError as problem:
            return Rejected(*at, problem.code, " ".join(str(problem).split()))
        owner = self._owner
        if owner and not belongs(message.key(), str(values[owner]).encode()):
            return Rejected(*at, "key-mismatch", f"the key does not start with the record's {owner}")
        if self._moves_clock and values["occurred_at"] > at[-1] + _DAY:
            return Rejected(
                *at, "event-time-ahead", "occurred_at is more than a day after the time of publishing"
            )
        return Received(*at, dict(message.headers() or []), values)

    def decode(self, value: bytes | None) -> dict[str, Any]:
        """The fields of a value in clear. Raises :class:`UndecodableError`, and as :meth:`read` does."""
        if value is None:
            raise UndecodableError("the record has no value")
        return self._codecs.decode(self._codec, value)

    def shown(self, values: dict[str, Any]) -> dict[str, Any]:
        """``values`` itself, its personal texts masked in place unless they were asked for in clear."""
        return values if self._masking is None else self._masking.apply(values)


def place(message: Message) -> tuple[str, int, int, str, datetime]:
    """Topic, partition, offset, key as text, and the time of publishing."""
    key = (message.key() or b"").decode(errors="backslashreplace")
    published_at = _EPOCH + timedelta(milliseconds=max(message.timestamp()[1], 0))
    return message.topic() or "", message.partition(), message.offset(), key, published_at
