"""Reads broadcast topics whole on every worker: dimensions and the clock."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.engine.connection import connection, wait_or_raise
from streams.engine.fold import Fetched
from streams.engine.options import Options

PARTITION = 0
"""A broadcast topic has one partition."""
BATCH = 5_000  # records
WAIT = 0.1  # seconds until a smaller batch is taken
SILENCE = 20.0
"""Seconds without a record after which it is looked whether there should have been one."""
LATE = 5.0
"""Seconds in which a record that is there must come: a fetch takes 50 ms."""
_log = logging.getLogger(__name__)


class BroadcastReader:
    """A thread that reads from the beginning and never commits; ``inbox`` is what nobody has taken in yet.

    librdkafka may stand still for minutes, or for ever, once its broker was away
    (https://github.com/confluentinc/librdkafka/issues/5153). Its successor then reads on where it stood.
    """

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
            while not cancelled() and self._is_before(ends):
                self._progress.wait(0.2)

    def _is_before(self, ends: Mapping[str, int]) -> bool:
        return any(self._read[topic] < end for topic, end in ends.items())

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
            while True:
                consumer = self._consumer()
                consumer.assign([TopicPartition(topic, PARTITION, at) for topic, at in self._read.items()])
                self._follow(consumer)
                consumer.close()
                _log.warning("broadcast: the client stands still; another one reads on")
        except BaseException as problem:  # noqa: BLE001  # a thread that dies unseen would freeze the dimensions
            self._fail(problem)

    def _follow(self, consumer: Consumer) -> None:
        """Take what comes; return when something that is there does not come."""
        heard = time.monotonic()
        while True:
            if self._take(consumer):
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE:
                ends, heard = self._ends(lambda: False), time.monotonic()
                while self._is_before(ends):
                    if time.monotonic() - heard > LATE:
                        return
                    self._take(consumer)

    def _take(self, consumer: Consumer) -> bool:
        """Put a batch into the inbox; whether there was anything."""
        messages = consumer.consume(BATCH, WAIT)
        for message in messages:
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
        return bool(messages)


def _fetched(message: Message) -> Fetched:
    """A record as folds take it."""
    return (
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        message.headers() or (),
    )
