"""Reads broadcast topics whole on every worker: dimensions and the clock."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import NoReturn

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.engine.connection import connection, wait_or_raise
from streams.engine.fold import Fetched
from streams.engine.options import Options

PARTITION = 0
"""A broadcast topic has one partition."""
BATCH = 5_000  # records
WAIT = 0.1  # seconds until a smaller batch is taken
_log = logging.getLogger(__name__)


class BroadcastReader:
    """A thread that reads from the beginning and never commits; ``inbox`` is what nobody has taken in yet."""

    def __init__(
        self, topics: Iterable[str], options: Options, fail: Callable[[BaseException], NoReturn]
    ) -> None:
        self.inbox: deque[tuple[str, Fetched]] = deque()
        self._topics = tuple(topics)
        self._options = options
        self._fail = fail
        self._read = dict.fromkeys(self._topics, 0)
        self._progress = threading.Condition()
        self._thread: threading.Thread | None = None

    def read_to_end(self, cancelled: Callable[[], bool]) -> None:
        """Return when all that was published before this call is in the inbox, or ``cancelled``.

        Blocks: for an executor. Waits for a broker that does not answer.
        """
        if not self._topics:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="broadcast", daemon=True)
            self._thread.start()
        ends = self._ends(cancelled)
        with self._progress:
            while not cancelled() and any(self._read[topic] < end for topic, end in ends.items()):
                self._progress.wait(0.2)

    def _consumer(self) -> Consumer:
        return Consumer(
            connection(
                self._options,
                {
                    "group.id": "broadcast",  # never joined: the client only insists on a name
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "earliest",
                    "fetch.wait.max.ms": 50,
                },
            )
        )

    def _ends(self, cancelled: Callable[[], bool]) -> dict[str, int]:
        """The offset after the last record of each topic."""
        consumer = self._consumer()
        ends: dict[str, int] = {}
        try:
            while len(ends) < len(self._topics) and not cancelled():
                try:
                    for topic in self._topics:
                        ends[topic] = consumer.get_watermark_offsets(
                            TopicPartition(topic, PARTITION), timeout=5
                        )[1]
                except KafkaException as problem:
                    _log.warning("broadcast: %s; waiting", problem.args[0].str())
        finally:
            consumer.close()
        return ends

    def _run(self) -> None:
        try:
            consumer = self._consumer()
            consumer.assign([TopicPartition(topic, PARTITION, 0) for topic in self._topics])
            while True:
                self._take(consumer)
        except BaseException as problem:  # noqa: BLE001  # a thread that dies unseen would freeze the dimensions
            self._fail(problem)

    def _take(self, consumer: Consumer) -> None:
        for message in consumer.consume(BATCH, WAIT):
            error = message.error()
            if error is None:
                self.inbox.append((message.topic(), _fetched(message)))
                self._read[message.topic()] = message.offset() + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                # The end may lie behind a gap that compaction left.
                self._read[message.topic()] = max(self._read[message.topic()], message.offset())
            else:
                wait_or_raise(message.topic(), error)
        with self._progress:
            self._progress.notify_all()


def _fetched(message: Message) -> Fetched:
    """A record as folds take it."""
    return (
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        message.headers() or (),
    )
