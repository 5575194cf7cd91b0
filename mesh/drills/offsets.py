"""How far the sink has read a topic, and moving that by hand; only while no process of the sink runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import KafkaException

from mesh.kernel.broker import Broker, Place
from mesh.kernel.errors import DrillError
from mesh.kernel.names import SINK
from mesh.kernel.settings import Settings

PATIENCE = 10.0
"""Seconds that the broker may take for an answer."""


def committed(settings: Settings, topic: str) -> dict[Place, int]:
    """The sink's next offset of each partition; its beginning where it has read nothing yet."""
    with _asking(settings, topic) as broker:
        places = broker.places([topic])
        return dict.fromkeys(places, 0) | broker.committed(places)


def ends(settings: Settings, topic: str) -> dict[Place, int]:
    """Where each partition ends."""
    with _asking(settings, topic) as broker:
        return broker.ends(broker.places([topic]))


def move(settings: Settings, topic: str, positions: Mapping[Place, int]) -> None:
    """Let the sink go on from these offsets. Raises :class:`DrillError` while a process of it still runs."""
    with _asking(settings, topic) as broker:
        broker.commit(positions)


@contextmanager
def _asking(settings: Settings, topic: str) -> Iterator[Broker]:
    """The broker as the sink asks it about a topic; raise :class:`DrillError` when it does not answer."""
    try:
        yield Broker(settings.kafka, SINK, PATIENCE)
    except KafkaException as error:
        raise DrillError(
            "broker-refused", error.args[0].str(), place=f"{SINK} {topic}", remedy="see `mesh logs broker`"
        ) from None
