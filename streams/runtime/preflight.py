"""Checks before a worker joins its group: topics, partitions and access. Faust would only log and hang."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ConsumerGroupDescription, TopicDescription

from mesh.kernel.errors import StreamError
from mesh.kernel.names import TopicName, changelog
from mesh.kernel.settings import Settings
from streams.fold import Application
from streams.runtime.connection import FORBIDDEN, connection

TIMEOUT = 10.0  # seconds for one answer
PAUSE = 1.0  # seconds between tries while no broker answers
_log = logging.getLogger(__name__)


def preflight(applications: Sequence[Application], settings: Settings) -> None:
    """Raise :class:`StreamError` naming the first topic that is missing, misshapen or closed to us.

    Waits for a broker that does not answer.
    """
    reads: set[str] = set()
    writes: set[str] = set()
    for application in applications:
        reads.update(application.inputs, application.broadcast)
        writes.update(application.outputs)
        if application.store is not None:
            reads.add(changelog(application.name, application.store))
            writes.add(changelog(application.name, application.store))
        writes.update(
            str(TopicName.parse(topic).dead) for topic in application.inputs + application.broadcast
        )
    client = AdminClient(connection(settings))
    found = {topic: _describe(client, topic) for topic in sorted(reads | writes)}
    for topics, operation in ((reads, AclOperation.READ), (writes, AclOperation.WRITE)):
        for topic in sorted(topics):
            _check_operation(topic, found[topic].authorized_operations, operation)
    _check_group(client, applications[0].name)
    for application in applications:
        _check_partitions(application, found)


def _describe(client: AdminClient, topic: str) -> TopicDescription:
    def ask() -> Any:
        wanted = TopicCollection([topic])
        answers = client.describe_topics(wanted, include_authorized_operations=True, request_timeout=TIMEOUT)
        return answers[topic].result()

    found: TopicDescription = _answer(ask, topic, "describe")
    return found


def _check_group(client: AdminClient, group: str) -> None:
    def ask() -> Any:
        answers = client.describe_consumer_groups(
            [group], include_authorized_operations=True, request_timeout=TIMEOUT
        )
        return answers[group].result()

    found: ConsumerGroupDescription = _answer(ask, group, "join")
    _check_operation(group, found.authorized_operations, AclOperation.READ)


def _answer(ask: Callable[[], Any], place: str, operation: str) -> Any:
    """What the broker answers, once it does."""
    while True:
        try:
            return ask()
        except KafkaException as problem:
            error = problem.args[0]
            if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise StreamError(
                    "topic-missing", "does not exist", place=place, remedy="create it with `mesh apply`"
                ) from None
            if error.code() in FORBIDDEN:
                raise _closed(place, operation) from None
            _log.warning("%s: %s; waiting for the broker", place, error.str())
            time.sleep(PAUSE)


def _check_operation(place: str, allowed: list[AclOperation] | None, wanted: AclOperation) -> None:
    # A broker without an authorizer names all operations; None is a broker that does not say.
    if allowed is not None and wanted not in allowed and AclOperation.ALL not in allowed:
        raise _closed(place, wanted.name.lower())


def _check_partitions(application: Application, found: dict[str, TopicDescription]) -> None:
    together = list(application.inputs)
    if application.store is not None:
        together.append(changelog(application.name, application.store))
    counts = {topic: len(found[topic].partitions) for topic in together}
    for topic, count in counts.items():
        if count != counts[together[0]]:
            raise StreamError(
                "not-co-partitioned",
                f"has {count} partitions, {together[0]} has {counts[together[0]]}",
                place=topic,
                remedy="all topics of an application need the same number",
            )
    for topic in application.broadcast:
        if len(found[topic].partitions) != 1:
            raise StreamError("not-broadcast", "a broadcast topic has one partition", place=topic)


def _closed(place: str, operation: str) -> StreamError:
    return StreamError(
        "access-missing", f"this application may not {operation} it", place=place, remedy="grant it by ACL"
    )
