"""Records as the sink works on them: plain tuples by topic and partition, made of the client's messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from confluent_kafka import Message

from sinks.kernel import ROWS

Record = tuple[int, int, bytes | None, bytes | None, Message]
"""Offset, Kafka timestamp in ms, key, value, and the message, of which headers are asked where they count."""

Place = tuple[str, int]
"""Topic and partition."""


def python_by_place(messages: Sequence[Message]) -> dict[Place, list[Record]]:
    """The records of messages, none of which is an error, in their order."""
    found: dict[Place, list[Record]] = {}
    last: Place | None = None
    columns = (map(field, messages) for field in _FIELDS)
    for message, topic, partition, offset, (_, moment), key, value in zip(messages, *columns, strict=True):
        if (place := (topic, partition)) != last:
            run = found.setdefault(place, [])
            last = place
        run.append((offset, moment, key, value, message))
    return found


_FIELDS = (Message.topic, Message.partition, Message.offset, Message.timestamp, Message.key, Message.value)

by_place: Callable[[Sequence[Message]], dict[Place, list[Record]]] = (
    python_by_place if ROWS is None else ROWS.by_place
)
