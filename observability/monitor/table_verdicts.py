"""The rules on whole tables, judged in stream: each topic folded as it grows, and what the fold says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mesh.kernel.metrics import STREAM_BEHIND, STREAM_BROKEN, STREAM_FAILING, STREAM_JUDGED
from mesh.kernel.table_fold import TableFold
from observability.monitor.admission import Admission
from observability.monitor.following import Following, reached
from observability.monitor.shown import Series, Shown
from schemas.codec import Codecs
from schemas.derive import avro_schema
from schemas.registry import Registry, unregistered

if TYPE_CHECKING:
    from confluent_kafka import Message

    from mesh.kernel.broker import Broker, Place
    from mesh.kernel.contract import Port
    from mesh.kernel.settings import Settings
    from mesh.kernel.table_fold import Judged

SECONDS = 0.5
"""Of a processor, for each round: a tenth of it, as rounds begin every five seconds."""
log = logging.getLogger("mesh.monitor")


class Admits(Protocol):
    """Reads records: an :class:`Admission`."""

    def admit(self, message: Message) -> dict[str, Any] | None:
        """See :meth:`Admission.admit`."""


class TableVerdicts:
    """Folds the topics that have such rules. A topic has verdicts once it was read to the end that it had at
    first: a share of half a topic is another one.
    """

    def __init__(
        self, ports: Iterable[Port], following: Following, admission: Callable[[Port], Admits]
    ) -> None:
        self._ports = {port.topic: port for port in ports}
        self._following = following
        self._admission = admission
        self._admits: dict[str, Admits] = {}
        self._folds: dict[str, TableFold] = {}
        self._goals: dict[str, dict[Place, int]] = {}
        """The ends that a topic had at first, while it has not been read so far."""

    def advance(self, seconds: float) -> None:
        """Take in what there is now, for so many seconds of a processor.

        Raises what broker and registry raise while they are away; nothing is lost by it.
        """
        for topic in self._following.look():
            self._folds.pop(topic, None)
        for topic in {place.topic for place in self._following.at} - self._folds.keys():
            self._begin(topic)
        self._following.read(self._take, seconds)
        for topic, goal in list(self._goals.items()):
            if reached(self._following.at, goal):
                del self._goals[topic]

    @property
    def reading(self) -> list[str]:
        """The topics that have no verdict yet."""
        return [topic for topic in self._ports if topic not in self._folds or topic in self._goals]

    def behind(self) -> dict[str, int]:
        """How many records of each topic are still to be read."""
        return {topic: self._following.behind(topic) for topic in self._folds}

    def judged(self) -> dict[str, list[Judged]]:
        """What each rule finds, by topic; of the topics that have verdicts."""
        return {topic: fold.judged() for topic, fold in self._folds.items() if topic not in self._goals}

    def keys(self, topic: str, rule: str) -> tuple[tuple[Any, ...], ...]:
        """The least keys of the entities that are at fault by a rule."""
        return self._folds[topic].keys(rule)

    def close(self) -> None:
        """Read no further."""
        self._following.close()

    def _begin(self, topic: str) -> None:
        port, ends = self._ports[topic], self._following.ends
        self._admits[topic] = self._admission(port)  # it may fail, and is tried again in the next round
        self._folds[topic] = TableFold(port)
        self._goals[topic] = {place: end for place, end in ends.items() if place.topic == topic}

    def _take(self, place: Place, message: Message) -> None:
        record = self._admits[place.topic].admit(message)
        if record is not None:
            self._folds[place.topic].take(record, message.offset() or 0)


class StreamRules:
    """Publishes verdicts, and tells in one line which keys are at fault when a rule begins to be broken."""

    def __init__(self, verdicts: TableVerdicts) -> None:
        self._verdicts = verdicts
        self._shown = Shown()
        self._broken: set[tuple[str, str]] = set()

    def measure(self) -> None:
        """Advance by one round, then show what holds."""
        self._verdicts.advance(SECONDS)
        judged = self._verdicts.judged()
        self._shown.show(series(judged, self._verdicts.behind()))
        broken = {(topic, one.name): one for topic, found in judged.items() for one in found if one.is_broken}
        for (topic, name), one in broken.items():
            if (topic, name) not in self._broken:
                keys = ", ".join(" ".join(map(str, key)) for key in self._verdicts.keys(topic, name))
                log.warning(
                    "%s: %s is broken in stream, %d of %d: %s", topic, name, one.failing, one.judged, keys
                )
        self._broken = set(broken)


def series(judged: Mapping[str, list[Judged]], behind: Mapping[str, int]) -> dict[Series, float]:
    """The value of each series that follows from some verdicts."""
    found: dict[Series, float] = {(STREAM_BEHIND, (topic,)): count for topic, count in behind.items()}
    for topic, rules in judged.items():
        for one in rules:
            labels = (topic, one.name, one.rule.severity)
            found[STREAM_JUDGED, labels] = one.judged
            found[STREAM_FAILING, labels] = one.failing
            found[STREAM_BROKEN, labels] = one.is_broken
    return found


def table_verdicts(
    ports: Iterable[Port], settings: Settings, broker: Broker, *, patience: float
) -> TableVerdicts:
    """The verdicts on those of the ports that have such rules; the registry may take so many seconds."""
    laid = [port for port in ports if port.table_rules]
    registry = Registry(settings.registry, patience=patience)
    codecs = Codecs(registry)

    def admission(port: Port) -> Admission:
        schema_id = registry.find_id(port.subject, avro_schema(port.record))
        if schema_id is None:
            raise unregistered(port.subject)
        return Admission(port, schema_id, codecs)

    return TableVerdicts(laid, Following(settings.kafka, broker, [port.topic for port in laid]), admission)
