"""Topics: those of every port, their dead letters, and the changelogs of the streams.

Everything is created by us and nothing by use: an application would hang on a topic that is not there, and a
topic made by chance has the wrong number of partitions for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
from mesh.kernel.discovery import Mesh
from mesh.kernel.errors import ContractError, PlatformError
from mesh.kernel.event import Event
from mesh.kernel.names import APPLICATIONS, TopicName
from mesh.kernel.settings import Settings
from mesh.provisioning.broker import PATIENCE, admin_of, refused_by_broker, result, unreachable
from mesh.provisioning.change import Action, Change, impossible

AREA = "topic"
ROOM = {"max.message.bytes": str(4 << 20)}
"""For what derives from a record: it may be larger than the record, and must be taken whatever that was."""


@dataclass(frozen=True)
class Topic:
    """A topic as it must be. ``config`` holds what we state; the rest is left to the broker."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


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


class Topics:
    """The area of topics: their existence, partitions and settings."""

    part = "broker"
    note = ""

    def __init__(self, settings: Settings, wanted: Sequence[Topic]) -> None:
        self._settings = settings
        self._wanted = {topic.name: topic for topic in wanted}
        self._admin: AdminClient = admin_of(settings)

    def changes(self) -> list[Change]:
        """Missing topics, other settings, other partitions (refused), and topics without a port."""
        try:
            listed = self._admin.list_topics(timeout=PATIENCE).topics
        except KafkaException as error:
            raise unreachable(error, self._settings.kafka) from None
        present = {name: len(topic.partitions) for name, topic in listed.items()}
        there = [topic for topic in self._wanted.values() if topic.name in present]
        return list(compare(self._wanted, present, self._configs(there)))

    def apply(self, changes: Sequence[Change]) -> None:
        """Create what is missing, mend the settings of the others."""
        self._create([self._wanted[c.name] for c in changes if c.action is Action.CREATE])
        self._mend([self._wanted[c.name] for c in changes if c.action is Action.CHANGE])

    def _configs(self, topics: Sequence[Topic]) -> dict[str, dict[str, str]]:
        """The settings of topics as the broker has them."""
        if not topics:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics]
        answers = self._admin.describe_configs(resources, request_timeout=PATIENCE)
        return {
            resource.name: {name: entry.value for name, entry in result(future, self._settings.kafka).items()}
            for resource, future in answers.items()
        }

    def _create(self, topics: Sequence[Topic]) -> None:
        if not topics:
            return
        new = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=self._settings.replication,
                config=dict(topic.config),
            )
            for topic in topics
        ]
        for name, future in self._admin.create_topics(new, operation_timeout=PATIENCE).items():
            try:
                future.result()
            except KafkaException as error:
                # Another `mesh apply` may have been faster; what it made is checked by whoever runs next.
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise refused_by_broker(error, name) from None

    def _mend(self, topics: Sequence[Topic]) -> None:
        changes = [
            ConfigResource(
                ResourceType.TOPIC,
                topic.name,
                incremental_configs=[
                    ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                    for key, value in topic.config.items()
                ],
            )
            for topic in topics
        ]
        if changes:
            for future in self._admin.incremental_alter_configs(changes).values():
                result(future, self._settings.kafka)


def compare(
    wanted: Mapping[str, Topic], present: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]
) -> Iterator[Change]:
    """How topics differ from those that are ``present`` (partitions by name) with these settings."""
    for topic in wanted.values():
        if topic.name not in present:
            yield Change(AREA, topic.name, Action.CREATE, (f"{topic.partitions} partitions",))
            continue
        if present[topic.name] != topic.partitions:
            yield impossible(AREA, topic.name, _other_partitions(topic, present[topic.name]))
        actual = configs.get(topic.name, {})
        wrong = tuple(
            f"{key} = {value} (was {actual[key]})"
            for key, value in topic.config.items()
            if key in actual and actual[key] != value
        )
        if wrong:
            yield Change(AREA, topic.name, Action.CHANGE, wrong)
    for name in sorted(present.keys() - wanted.keys()):
        if _is_ours(name):
            yield Change(AREA, name, Action.UNUSED, ("no contract names it",))


def _other_partitions(topic: Topic, count: int) -> PlatformError:
    return PlatformError(
        "partitions-changed",
        f"has {count} partitions, not {topic.partitions}; facts would no longer meet",
        place=topic.name,
        remedy=f"set MESH_PARTITIONS={count}, or start with an empty broker",
    )


def _is_ours(name: str) -> bool:
    """Whether a topic was made from a contract, or for a store: others may share the broker."""
    if name.endswith("-changelog") and name.startswith(tuple(f"{app}-" for app in APPLICATIONS)):
        return True
    try:
        TopicName.parse(name)
    except ContractError:
        return False
    return True
