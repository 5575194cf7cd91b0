"""Reads dead letters from their topics, from the first to where they end now. Joins no group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from mesh.kernel.dead_letter import DeadLetter, read_letter
from mesh.kernel.errors import PlatformError

PATIENCE = 10.0
"""Seconds that the broker may take for an answer."""
_BATCH = 10_000
_WAIT = 0.05
"""Seconds to wait for a batch to fill."""
_log = logging.getLogger(__name__)


def read_dead_letters(
    kafka: str, topics: Iterable[str], *, cancelled: Callable[[], bool] | None = None
) -> Iterator[DeadLetter]:
    """Every dead letter of these topics; those of one key in the order in which they were parked.

    With ``cancelled`` a broker that does not answer is waited for, until it is; without, it raises
    :class:`PlatformError` ``broker-unreachable``, as it does for a topic that is not there.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "dead-letters",  # never joined: the client only insists on a name
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
            "log_level": 2,
        }
    )
    try:
        open_ = _partitions(consumer, sorted(topics), kafka, cancelled)
        consumer.assign([TopicPartition(topic, number, 0) for topic, number in sorted(open_)])
        silent = 0.0
        while open_ and not (cancelled and cancelled()):
            batch = consumer.consume(_BATCH, _WAIT)
            silent = 0.0 if batch else silent + _WAIT
            if cancelled is None and silent > PATIENCE:
                raise _unreachable(kafka, f"no record of {min(open_)[0]} within {PATIENCE:g} s")
            for message in batch:
                error = message.error()
                if error is None:
                    yield read_letter(
                        message.key(), message.value(), message.headers() or (), message.timestamp()[1]
                    )
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_.discard((message.topic(), message.partition()))
                else:
                    _log.warning("%s: %s; waiting", message.topic(), error.str())
    finally:
        consumer.close()


def _partitions(
    consumer: Consumer, topics: list[str], kafka: str, cancelled: Callable[[], bool] | None
) -> set[tuple[str, int]]:
    while True:
        try:
            there = consumer.list_topics(timeout=PATIENCE).topics
        except KafkaException as problem:
            if cancelled is None:
                raise _unreachable(kafka, problem.args[0].str()) from None
            if cancelled():
                return set()
            _log.warning("%s; waiting for the broker", problem.args[0].str())
            continue
        for topic in topics:
            if topic not in there:
                raise PlatformError(
                    "topic-absent", "is not there", place=topic, remedy="create it with `mesh apply`"
                )
        return {(topic, number) for topic in topics for number in there[topic].partitions}


def _unreachable(kafka: str, what: str) -> PlatformError:
    return PlatformError(
        "broker-unreachable", what, place=kafka, remedy="start it with `mesh up`, or set MESH_KAFKA"
    )
