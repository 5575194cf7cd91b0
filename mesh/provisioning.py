"""Brings broker, registry and warehouse to what the contracts say, before any worker starts.

Everything is created by us and nothing by use: an application would hang on a topic that is not there, and a
topic made by chance has the wrong number of partitions for ever. Applying twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from mesh.kernel.contract import FOREVER
from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.errors import PlatformError
from mesh.kernel.event import Event
from mesh.kernel.settings import Settings

Report = Callable[[str], None]
PATIENCE = 30.0
"""Seconds that the broker may take for an answer."""


@dataclass(frozen=True)
class Topic:
    """A topic as it must be. ``config`` holds what we state; the rest is left to the broker."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


def apply(settings: Settings, report: Report) -> None:
    """Create topics, register schemas, create tables; ``report`` gets one line for each change.

    Raises :class:`PlatformError` when a part cannot be reached or a topic's partitions would have to change,
    and :class:`ContractError` or :class:`WarehouseError` when schemas or tables cannot follow the contracts.
    """
    from schemas.registry import register_all
    from sinks.clickhouse import migrate

    mesh = find_mesh(settings)
    apply_topics(settings, [*mesh_topics(mesh, settings), *changelog_topics(settings)], report)
    register_all(mesh, settings, report)
    migrate.apply(settings, report)


ROOM = {"max.message.bytes": str(4 << 20)}
"""For what derives from a record: it may be larger than the record, and must be taken whatever that was."""


def mesh_topics(mesh: Mesh, settings: Settings) -> Iterator[Topic]:
    """The topics of every port and their dead letters, which are kept for ever."""
    for port in mesh.ports.values():
        config = {"cleanup.policy": port.cleanup, "retention.ms": str(port.retention_ms)}
        if not issubclass(port.record, Event):
            config |= ROOM
        yield Topic(port.topic, port.partitions, config)
        kept = {"cleanup.policy": "delete", "retention.ms": str(FOREVER), **ROOM}
        yield Topic(port.dead_letters, settings.partitions, kept)


def changelog_topics(settings: Settings) -> Iterator[Topic]:
    """The compacted changelog of every store of the stream applications."""
    from streams.applications import stores

    for store in stores(settings):
        yield Topic(store.changelog, store.partitions, {"cleanup.policy": "compact", **ROOM})


def apply_topics(settings: Settings, wanted: list[Topic], report: Report) -> None:
    """Create the topics that are missing and mend the settings of the others; see :func:`apply`."""
    admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
    present = _partitions(admin, settings.kafka)
    refuse_other_partitions(wanted, present)
    missing = [topic for topic in wanted if topic.name not in present]
    if missing:
        _create(admin, missing, settings)
    for topic in missing:
        report(f"topic {topic.name} created with {topic.partitions} partitions")
    _mend(admin, [topic for topic in wanted if topic.name in present], settings, report)


def refuse_other_partitions(wanted: list[Topic], present: Mapping[str, int]) -> None:
    """Raise :class:`PlatformError` for a topic that is ``present`` with another number of partitions."""
    for topic in wanted:
        count = present.get(topic.name, topic.partitions)
        if count != topic.partitions:
            raise PlatformError(
                "partitions-changed",
                f"has {count} partitions, not {topic.partitions}; facts would no longer meet",
                place=topic.name,
                remedy=f"set MESH_PARTITIONS={count}, or start with an empty broker",
            )


def _partitions(admin: AdminClient, address: str) -> dict[str, int]:
    try:
        listed = admin.list_topics(timeout=PATIENCE)
    except KafkaException as error:
        raise _unreachable(error, address) from None
    return {name: len(topic.partitions) for name, topic in listed.topics.items()}


def _create(admin: AdminClient, topics: list[Topic], settings: Settings) -> None:
    new = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=settings.replication,
            config=dict(topic.config),
        )
        for topic in topics
    ]
    for name, future in admin.create_topics(new, operation_timeout=PATIENCE).items():
        try:
            future.result()
        except KafkaException as error:
            # Another `mesh apply` may have been faster; what it made is checked by whoever runs next.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _refused(error, name) from None


def _mend(admin: AdminClient, topics: list[Topic], settings: Settings, report: Report) -> None:
    resources = {ConfigResource(ResourceType.TOPIC, topic.name): topic for topic in topics}
    if not resources:
        return
    changes = []
    for resource, future in admin.describe_configs(list(resources)).items():
        topic, actual = resources[resource], _result(future, settings.kafka)
        wrong = {
            key: value for key, value in topic.config.items() if key in actual and actual[key].value != value
        }
        if wrong:
            entries = [
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                for key, value in wrong.items()
            ]
            changes.append(ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries))
            stated = ", ".join(f"{key} = {value} (was {actual[key].value})" for key, value in wrong.items())
            report(f"topic {topic.name} changed: {stated}")
    if changes:
        for future in admin.incremental_alter_configs(changes).values():
            _result(future, settings.kafka)


def _result(future: Future[Any], address: str) -> Any:
    try:
        return future.result()
    except KafkaException as error:
        raise _refused(error, address) from None


def _unreachable(error: KafkaException, address: str) -> PlatformError:
    return PlatformError(
        "broker-unreachable",
        error.args[0].str(),
        place=address,
        remedy="start it with `mesh up`, or set MESH_KAFKA",
    )


def _refused(error: KafkaException, place: str) -> PlatformError:
    return PlatformError("broker-refused", error.args[0].str(), place=place, remedy="see `mesh logs broker`")
