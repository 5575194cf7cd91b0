"""The job of the shape ``full`` on our own engine: ``python -m benchmarks.full_ours``.

It is the application ``mesh.orders-enriched`` as its worker runs it, with what the worker gets from a running
mesh taken from the benchmark: schema ids from the plan instead of the registry, and a group and an output
topic of this run's own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import MeshError
from mesh.kernel.names import ORDERS_ENRICHED
from mesh.kernel.settings import Settings, load_settings
from mesh.provisioning.topics import ROOM, Topic, Topics, mesh_topics
from streams import applications
from streams.engine.assembly import assemble, run, set_up_logging
from streams.engine.errors import EngineError
from streams.engine.fold import Application, Emission, Fetched, PartitionFold, Rejection, Shared
from streams.metering import Metrics
from streams.orders_enriched import topics


def main() -> None:
    """Run until a signal ends it."""
    set_up_logging()
    brokers, state = os.environ["BENCH_BROKERS"], Path(os.environ["BENCH_STATE"])
    plan = json.loads((Path(os.environ["BENCH_SCHEMAS"]) / "plan.json").read_text())
    try:
        settings = load_settings(home=state, kafka=brokers)
        (built,) = applications.build(ORDERS_ENRICHED, settings, plan["ids"])
        stage = _of_this_run(built, os.environ["BENCH_GROUP"], os.environ["BENCH_OUT"])
        _provide(stage, settings)
        app = assemble([stage], applications.options(settings), meter=Metrics(ORDERS_ENRICHED))
    except (MeshError, EngineError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    run(app)


def _of_this_run(stage: Application, group: str, out: str) -> Application:
    """The stage under another name, its rows on another topic."""

    def fold(partition: int, shared: Shared) -> PartitionFold:
        return _Elsewhere(stage.fold(partition, shared), out)

    return replace(stage, name=group, outputs=(out, topics.CLOCK), fold=fold)


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


if __name__ == "__main__":
    main()
