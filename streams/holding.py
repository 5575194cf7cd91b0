"""The keys that an application holds, learned again from the dead letters that it wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mesh.kernel.dead_log import read_dead_letters
from mesh.kernel.holding import Holding, recalled
from mesh.kernel.names import TopicName


class HeldKeys:
    """See :class:`streams.engine.holding.KeyHolding`; rule 24 of the semantics says what is held, and why."""

    def __init__(self, application: str, kafka: str, topics: Iterable[str]) -> None:
        self._application = application
        self._kafka = kafka
        self.topics = frozenset(topics)
        self.sources = frozenset(str(TopicName.parse(topic).dead) for topic in self.topics)

    def recall(
        self, places: Iterable[tuple[str, int]], cancelled: Callable[[], bool]
    ) -> Mapping[tuple[str, int], Holding]:
        """What is held in each place (topic, partition)."""
        letters = read_dead_letters(self._kafka, self.sources, cancelled=cancelled)
        return recalled(letters, self._application, places)
