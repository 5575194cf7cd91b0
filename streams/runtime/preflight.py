"""Checks before a worker joins its group: topics, partitions and access. Faust would only log and hang."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, TopicDescription

from mesh.kernel.errors import StreamError
from mesh.kernel.names import TopicName, changelog
from mesh.kernel.settings import Settings
from streams.fold import Application
from streams.runtime.connection import connection

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
            _check_access(found[topic], operation)
    for application in applications:
        _check_partitions(application, found)


def _describe(client: AdminClient, topic: str) -> TopicDescription:
    while True:
        futures = client.describe_topics(
            TopicCollection([topic]), include_authorized_operations=True, request_timeout=TIMEOUT
        )
        try:
            return futures[topic].result()
        except KafkaException as problem:
            error = problem.args[0]
            if error.name() in ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"):
                raise StreamError(
                    "topic-missing", "does not exist", place=topic, remedy="create it with `mesh apply`"
                ) from None
            if "AUTH" in error.name():
                raise _closed(topic, "describe") from None
            _log.warning("%s: %s; waiting for the broker", topic, error.str())
            time.sleep(PAUSE)


def _check_access(topic: TopicDescription, operation: AclOperation) -> None:
    # Brokers without authorization list no operations, or all.
    allowed = topic.authorized_operations
    if allowed and operation not in allowed and AclOperation.ALL not in allowed:
        raise _closed(topic.name, operation.name.lower())


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


def _closed(topic: str, operation: str) -> StreamError:
    return StreamError(
        "access-missing", f"this application may not {operation} it", place=topic, remedy="grant it by ACL"
    )
