"""Parking: where a record goes that can never be folded, so that those behind it go on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from streams.engine.errors import EngineError
from streams.engine.fold import Rejection

MINUTE = 60.0  # seconds


class Letter(NamedTuple):
    """A dead letter: the record's own key and value, and headers that say where it stood and why."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    code: str
    """Under which it is counted."""


class Parking(Protocol):
    """Makes dead letters; the engine writes them, before it acknowledges the batch they were in."""

    def topic(self, topic: str) -> str:
        """The topic of the dead letters of a topic."""

    def letters(self, topic: str, partition: int, rejections: Sequence[Rejection]) -> Iterator[Letter]:
        """The letters of records of one partition.

        Raises an error with a ``code`` and a ``place`` to stop the process before anything is written.
        """


class Limit:
    """How many records may be parked within a minute before the process stops.

    So a broken publisher, or a broken worker, does not drain a topic into its dead letters.
    """

    def __init__(
        self, records: int, remedy: str = "mend the publisher or the code, or raise the limit"
    ) -> None:
        self._records = records
        self._remedy = remedy
        self._recent: deque[tuple[float, int]] = deque()  # moment, records
        self._in_a_minute = 0

    def count(self, topic: str, records: int) -> None:
        """Count records of a topic. Raises :class:`EngineError` ``dead-letter-limit``."""
        moment = time.monotonic()
        while self._recent and self._recent[0][0] < moment - MINUTE:
            self._in_a_minute -= self._recent.popleft()[1]
        if records and self._in_a_minute + records > self._records:
            raise EngineError(
                "dead-letter-limit",
                f"{self._in_a_minute + records} records to park within a minute, more than {self._records}",
                place=topic,
                remedy=self._remedy,
            )
        self._recent.append((moment, records))
        self._in_a_minute += records


class DeadTopics:
    """Dead letters in ``<topic><suffix>``, with the headers ``topic``, ``partition``, ``offset``, ``code``,
    ``reason`` beside the record's own; at most ``limit`` a minute."""

    def __init__(self, suffix: str = ".dead", limit: int = 1000) -> None:
        self._suffix = suffix
        self._limit = Limit(limit)

    def topic(self, topic: str) -> str:
        """See :meth:`Parking.topic`."""
        return topic + self._suffix

    def letters(self, topic: str, partition: int, rejections: Sequence[Rejection]) -> Iterator[Letter]:
        """See :meth:`Parking.letters`."""
        self._limit.count(topic, len(rejections))
        for rejection in rejections:
            offset, _, key, value, headers = rejection.record
            said = [
                ("topic", topic),
                ("partition", str(partition)),
                ("offset", str(offset)),
                ("code", rejection.code),
                ("reason", rejection.reason),
            ]
            own = [(name, text.encode()) for name, text in said]
            yield Letter(key, value, [*headers, *own], rejection.code)
