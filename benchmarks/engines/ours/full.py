"""The application ``mesh.orders-enriched`` as its worker runs it, on the benchmark's broker.

What the worker gets from a running mesh is taken from the benchmark: schema ids from the plan instead of the
registry, and a group and an output topic of this run's own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mesh.kernel.discovery import find_mesh
from mesh.kernel.names import ORDERS_ENRICHED
from mesh.kernel.settings import Settings, load_settings
from mesh.provisioning.topics import ROOM, Topic, Topics, mesh_topics
from streams import applications
from streams.engine.fold import Application, Emission, Fetched, PartitionFold, Rejection, Shared
from streams.orders_enriched import topics


def stage(brokers: str, state: Path, ids: Mapping[str, int], group: str, out: str) -> Application:
    """The application named ``group``, its rows on the topic ``out``; creates all other topics."""
    settings = load_settings(home=state, kafka=brokers)
    (built,) = applications.build(ORDERS_ENRICHED, settings, ids)

    def fold(partition: int, shared: Shared) -> PartitionFold:
        return _Elsewhere(built.fold(partition, shared), out)

    named = replace(built, name=group, outputs=(out, topics.CLOCK), fold=fold)
    _provide(named, settings)
    return named


class _Elsewhere:
    """A fold whose rows go to another topic."""

    def __init__(self, fold: PartitionFold, out: str) -> None:
        self._fold = fold
        self._out = out

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        return self._fold.fold(topic, records)

    def correct(self, changes: Iterable[Hashable]) -> None:
        self._fold.correct(changes)

    def take(self, limit: int) -> Emission | None:
        emission = self._fold.take(limit)
        for output in emission.outputs if emission else ():
            if output.topic == topics.ENRICHED:
                output.topic = self._out
        return emission

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        self._fold.recover(entries)


def _provide(stage: Application, settings: Settings) -> None:
    """Create the topics that the harness knows nothing of: dead letters, clock and changelog."""
    assert stage.parking is not None
    assert stage.changelog is not None
    wanted = {topics.CLOCK, *map(stage.parking.topic, stage.inputs + stage.broadcast)}
    made = [topic for topic in mesh_topics(find_mesh(settings), settings) if topic.name in wanted]
    changelog = Topic(stage.changelog, settings.partitions, {"cleanup.policy": "compact", **ROOM})
    area = Topics(settings, [*made, changelog])
    area.apply([change for change in area.changes() if change.is_due])
