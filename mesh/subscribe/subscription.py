"""What every subscription is: an iterator that knows which of its items its user has finished with."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from confluent_kafka import Message

from mesh.kernel.dead_letter import DeadLetter
from mesh.kernel.holding import RELEASED, Holding
from mesh.subscribe.feed import Owner, Source
from mesh.subscribe.intake import Reader, Received, Rejected

_LOG = logging.getLogger("mesh.subscribe")
Item = TypeVar("Item")
Letters = Callable[[], Iterable[DeadLetter]]
WAIT = 0.5
"""Seconds to wait for a record before looking around."""
COMMIT = 1.0
"""Seconds between two messages to the broker of how far this subscription is."""
REMEMBERED = 1_000
"""Rejected records that are kept to be looked at."""


class Subscription(ABC, Generic[Item]):
    """The items of one topic, to be iterated, best in a ``with`` block.

    An item counts as finished when the next one is asked for, and the last one when the block ends without an
    error. What was not finished comes again: to the next run, or to the process that got the partition. So
    everything comes at least once.

    ``follow`` False: iterating ends where the topic ended when the partitions came. Set to True, it goes on.

    ``letters`` reads the dead letters of the topic, where later records of a key wait behind an invalid one:
    what any consumer has parked there is held back here too, until it is redriven. None elsewhere.

    ``rejected`` holds the newest records that could not be used; ``on_rejected`` is told each of them (by
    default the log of ``mesh.subscribe`` is). They never end the iteration.
    """

    def __init__(
        self,
        topic: str,
        intake: Reader,
        feed: Callable[[Owner], Source],
        *,
        letters: Letters | None = None,
        follow: bool = True,
        on_rejected: Callable[[Rejected], None] | None = None,
    ) -> None:
        self.topic = topic
        self.rejected: deque[Rejected] = deque(maxlen=REMEMBERED)
        self._intake = intake
        self._letters = letters
        self._holdings: dict[int, Holding] = {}
        self.follow = follow
        self._on_rejected = on_rejected or _log
        self._open: list[Item] = []  # handed out, or collected to be
        self._read: dict[int, int] = {}  # next offset by partition, those of open items included
        self._finished: dict[int, int] = {}  # the same without them, and not yet committed
        self._told: dict[int, int] = {}  # where the group was when the partition came
        self._committed_at = time.monotonic()
        self._closed = False
        self._feed = feed(self)
        try:
            self._feed.start()
        except BaseException:
            self.close(finished=False)
            raise

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        self._finish()
        while not self._closed and (self.follow or not self._feed.at_end):
            item = self._take(WAIT)
            if item is not None:
                self._open.append(item)
                return item
        self._finish()
        raise StopIteration

    def batches(self, size: int = 500, seconds: float = 1.0) -> Iterator[list[Item]]:
        """The items in lists of ``size``, or as many as came within ``seconds``; finished list by list."""
        while True:
            self._finish()
            until = time.monotonic() + seconds
            while len(self._open) < size and (left := until - time.monotonic()) > 0:
                if self._closed or not (self.follow or not self._feed.at_end):
                    break
                item = self._take(min(WAIT, left))
                if item is not None:
                    self._open.append(item)
            if self._open:
                yield list(self._open)
            elif self._closed or (not self.follow and self._feed.at_end):
                self._finish()
                return

    def close(self, *, finished: bool = True) -> None:
        """Leave the group and free what is held; ``finished``: so is what was handed out last."""
        if self._closed:
            return
        self._closed = True
        try:
            if finished:
                self._finish()
            self.revoked(lost=False)
        finally:
            self._feed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(finished=error is None)

    def __del__(self) -> None:
        with suppress(AttributeError):  # __init__ may not have come so far
            self.close(finished=False)

    def assigned(self, partitions: Sequence[int], committed: Mapping[int, int]) -> Mapping[int, int]:
        """Learn what is held in these partitions; begin where the broker remembers that we were."""
        self._read, self._finished, self._told = {}, {}, dict(committed)
        if self._letters is not None:
            self._holdings = {partition: Holding(partition) for partition in partitions}
            for letter in self._letters():
                if letter.topic == self.topic and letter.partition in self._holdings:
                    self._holdings[letter.partition].recall(letter)
        return committed

    def revoked(self, *, lost: bool) -> None:
        """Partitions are taken away; what is open comes again elsewhere."""
        self._open.clear()
        if not lost:
            self._feed.commit(self._finished, wait=True)
        self._read, self._finished = {}, {}

    @abstractmethod
    def _admit(self, received: Received, value: bytes) -> Item | None:
        """The item that a record makes, if any; ``value`` is the record as it came."""

    def _settle(self, finished: Mapping[int, int]) -> None:
        """Make final what finished items have changed; ``finished`` is the next offset by partition."""

    def _take(self, timeout: float) -> Item | None:
        """Read one record; the item that it makes, if any.

        An error ends the subscription: going on would step over the record that was in hand.
        """
        try:
            return self._taken(timeout)
        except BaseException:
            self.close(finished=False)
            raise

    def _taken(self, timeout: float) -> Item | None:
        message = self._feed.poll(timeout)
        if message is None:
            if not self._open:
                self._finish()
            return None
        received = self._intake.read(message, self._holdings.get(message.partition()))
        self._read[message.partition()] = message.offset() + 1
        if isinstance(received, Rejected):
            self._reject(received, message)
            return None
        return self._admit(received, message.value() or b"")

    def _reject(self, rejected: Rejected, message: Message) -> None:
        told = rejected.offset < self._told.get(rejected.partition, 0)
        if not told and rejected.code != RELEASED:  # a release is a note to consumers, not a record
            self.rejected.append(rejected)
            self._on_rejected(rejected)

    def _finish(self) -> None:
        """Everything that was handed out is done with."""
        self._open.clear()
        if self._read:
            self._settle(self._read)
            # A state may begin before the group's place, which must never go back.
            self._finished.update({p: max(at, self._told.get(p, 0)) for p, at in self._read.items()})
            self._read = {}
        if self._finished and time.monotonic() - self._committed_at >= COMMIT:
            self._feed.commit(self._finished)
            self._finished = {}
            self._committed_at = time.monotonic()


def _log(rejected: Rejected) -> None:
    _LOG.warning("skipped %s", rejected)


class Records(Subscription[Received]):
    """Every record of a topic, in the order of each partition."""

    def _admit(self, received: Received, value: Any) -> Received:
        self._intake.shown(received.values)
        return received
