"""Checks before a worker joins its group: topics, partitions and access. Faust would only log and hang."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, TopicDescription

from streams.engine.connection import FORBIDDEN, check_protocols, connection
from streams.engine.errors import EngineError
from streams.engine.fold import Application
from streams.engine.options import Options

TIMEOUT = 10.0  # seconds for one answer
PAUSE = 0.5  # seconds between tries
GRACE = 5.0  # seconds for topics that were created a moment ago to be known
MISSING = object()
_log = logging.getLogger(__name__)


def preflight(applications: Sequence[Application], options: Options) -> None:
    """Raise :class:`EngineError` naming the first topic that is missing, misshapen or closed to us.

    Waits for a broker that does not answer. First of all, its clients must all speak the same protocol.
    """
    check_protocols(options)
    reads: set[str] = set()
    writes: set[str] = set()
    for application in applications:
        reads.update(application.inputs, application.broadcast)
        writes.update(application.outputs)
        if application.changelog is not None:
            reads.add(application.changelog)
            writes.add(application.changelog)
        if application.parking is not None:
            writes.update(map(application.parking.topic, application.inputs + application.broadcast))
        if application.holding is not None:
            reads.update(application.holding.sources)
    client = AdminClient(connection(options))
    found = _describe(client, sorted(reads | writes), options.provisioning)
    for topics, operation in ((reads, AclOperation.READ), (writes, AclOperation.WRITE)):
        for topic in sorted(topics):
            _check_operation(topic, found[topic].authorized_operations, operation)
    _check_group(client, applications[0].name)
    for application in applications:
        _check_partitions(application, found)


def _describe(client: AdminClient, topics: list[str], provisioning: str) -> dict[str, TopicDescription]:
    deadline = time.monotonic() + GRACE
    while True:
        answers = client.describe_topics(
            TopicCollection(topics), include_authorized_operations=True, request_timeout=TIMEOUT
        )
        found = {topic: _answer(answers[topic], topic, "describe") for topic in topics}
        missing = [topic for topic, description in found.items() if description is MISSING]
        if missing and time.monotonic() > deadline:
            raise EngineError(
                "topic-missing", "does not exist", place=missing[0], remedy=f"create it with {provisioning}"
            )
        if not missing and None not in found.values():
            return found
        time.sleep(PAUSE)


def _check_group(client: AdminClient, group: str) -> None:
    description = None
    while description is None:
        answers = client.describe_consumer_groups(
            [group], include_authorized_operations=True, request_timeout=TIMEOUT
        )
        description = _answer(answers[group], group, "join")
        if description is None:
            time.sleep(PAUSE)
    _check_operation(group, description.authorized_operations, AclOperation.READ)


def _answer(future: Future[Any], place: str, operation: str) -> Any:
    """What the broker answers; None when it does not, :data:`MISSING` when there is no such topic."""
    try:
        return future.result()
    except KafkaException as problem:
        error = problem.args[0]
        if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return MISSING
        if error.code() in FORBIDDEN:
            raise _closed(place, operation) from None
        _log.warning("%s: %s; waiting for the broker", place, error.str())
        return None


def _check_operation(place: str, allowed: list[AclOperation] | None, wanted: AclOperation) -> None:
    # A broker without an authorizer names all operations; None is a broker that does not say.
    if allowed is not None and wanted not in allowed and AclOperation.ALL not in allowed:
        raise _closed(place, wanted.name.lower())


def _check_partitions(application: Application, found: dict[str, TopicDescription]) -> None:
    together = list(application.inputs)
    if application.changelog is not None:
        together.append(application.changelog)
    counts = {topic: len(found[topic].partitions) for topic in together}
    for topic, count in counts.items():
        if count != counts[together[0]]:
            raise EngineError(
                "not-co-partitioned",
                f"has {count} partitions, {together[0]} has {counts[together[0]]}",
                place=topic,
                remedy="all topics of an application need the same number",
            )
    for topic in application.broadcast:
        if len(found[topic].partitions) != 1:
            raise EngineError("not-broadcast", "a broadcast topic has one partition", place=topic)


def _closed(place: str, operation: str) -> EngineError:
    return EngineError(
        "access-missing", f"this application may not {operation} it", place=place, remedy="grant it by ACL"
    )
