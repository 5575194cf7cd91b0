"""Parking as the mesh does it: a topic's dead letters beside it, with the mesh's headers, and a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesh.kernel import clock
from mesh.kernel.dead_letter import headers_of
from mesh.kernel.holding import UNCOUNTED
from mesh.kernel.names import TopicName
from streams.engine.fold import Rejection
from streams.engine.parking import Letter, Limit


class DeadLetters:
    """The dead letters of one application; see :class:`streams.engine.parking.Parking`."""

    def __init__(self, application: str, limit: int) -> None:
        self._application = application
        self._limit = Limit(limit, "mend the publisher or the code; MESH_DEAD_LETTER_LIMIT raises the limit")

    def topic(self, topic: str) -> str:
        """The topic of the dead letters of a topic."""
        return str(TopicName.parse(topic).dead)

    def letters(self, topic: str, partition: int, rejections: Sequence[Rejection]) -> Iterator[Letter]:
        """The dead letters of records of one partition, bytes as they were."""
        self._limit.count(topic, sum(rejection.code not in UNCOUNTED for rejection in rejections))
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
            yield Letter(key, value, said, rejection.code)
