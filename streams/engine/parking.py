"""Parking: a record that can never be folded goes to its topic's dead letters, bytes as they were."""

from __future__ import annotations

import time
from collections import deque

from mesh.kernel import clock, metrics
from mesh.kernel.dead_letter import headers_of
from mesh.kernel.errors import StreamError
from mesh.kernel.holding import UNCOUNTED
from mesh.kernel.names import TopicName
from streams.engine.fold import Rejection
from streams.engine.writer import BY_KEY, Writer

MINUTE = 60.0  # seconds


class Parking:
    """Writes dead letters, and stops the process when there are too many in a minute.

    So a broken publisher, or a broken worker, does not drain a topic into its dead letters.
    """

    def __init__(self, application: str, limit: int, writer: Writer) -> None:
        self._application = application
        self._limit = limit
        self._writer = writer
        self._recent: deque[tuple[float, int]] = deque()  # moment, records
        self._in_a_minute = 0

    async def park(self, topic: str, partition: int, rejections: list[Rejection]) -> None:
        """Write dead letters of records of one partition; they are safe after the writer's next flush.

        Raises :class:`StreamError` ``dead-letter-limit``, with nothing of this call written.
        """
        self._count(topic, sum(rejection.code not in UNCOUNTED for rejection in rejections))
        dead = str(TopicName.parse(topic).dead)
        for rejection in rejections:
            offset, _, key, value, headers = rejection.record
            said = headers_of(
                topic=topic,
                partition=partition,
                offset=offset,
                consumer=self._application,
                code=rejection.code,
                reason=rejection.reason,
                value=value,
                seen=clock.now(),
                headers=headers,
            )
            await self._writer.record(dead, BY_KEY if key is not None else 0, key, value, said)
            metrics.RECORDS_PARKED.labels(self._application, topic, rejection.code).inc()

    def _count(self, topic: str, records: int) -> None:
        moment = time.monotonic()
        while self._recent and self._recent[0][0] < moment - MINUTE:
            self._in_a_minute -= self._recent.popleft()[1]
        if records and self._in_a_minute + records > self._limit:
            raise StreamError(
                "dead-letter-limit",
                f"{self._in_a_minute + records} records to park within a minute, more than {self._limit}",
                place=topic,
                remedy="mend the publisher or the code; MESH_DEAD_LETTER_LIMIT raises the limit",
            )
        self._recent.append((moment, records))
        self._in_a_minute += records
