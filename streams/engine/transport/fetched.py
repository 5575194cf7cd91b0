"""What the broker answers to a fetch, made into plain tuples a batch at a time.

aiokafka calls Python several times for each record. Here a batch is read at once: with the compiled kernel a
record costs its tuple alone, without it an object of aiokafka's as well. Answers that hold other things
(compressed, transactional and control batches, old formats) go aiokafka's way, and become the same tuples.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import proxy

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from streams.engine.fold import Fetched
from streams.engine.kernel import RECORDS, crc32c

_HEADER, _PREFIX = 61, 12  # bytes of a batch before its first record, and before what its length counts
_MAGIC_AT, _ATTRIBUTES_AT = 16, 21
_ODD = 0x37  # attributes: compression, transactional, control


def as_fetched(_partition: Any, record: Any) -> Fetched:
    """A record as folds take it, straight from aiokafka's parser; its own ConsumerRecord costs 2.5 µs."""
    return record.offset, record.timestamp, record.key, record.value, record.headers


class RawRecords:
    """aiokafka's ``MemoryRecords``, with the bytes that it was made of."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._records = MemoryRecords(data)
        self.has_next, self.next_batch = self._records.has_next, self._records.next_batch
        self.size_in_bytes = self._records.size_in_bytes


class PythonRecords:
    """The records of an answer that is plain: see :func:`is_plain`. The compiled ``Records`` in Python.

    ``next_fetch_offset`` is the offset after the last record that was taken, or that compaction has left out.
    """

    def __init__(self, data: bytes, fetch_offset: int, _checksum: Callable[[bytes], int]) -> None:
        self.next_fetch_offset = self._after = fetch_offset
        self._batches = MemoryRecords(data)
        self._rest: list[Fetched] = []

    def take(self, most: int | None) -> tuple[list[Fetched], bool]:
        """Up to ``most`` records, or all where that is None; and whether that was the end.

        Raises :class:`ValueError` at bytes that are no record batch, or not what the broker wrote.
        """
        found: list[Fetched] = []
        while most is None or len(found) < most:
            if not self._rest:
                self.next_fetch_offset = self._after
                if not self._batches.has_next():
                    return found, True
                self._rest = self._batch()
                continue
            piece = self._rest if most is None else self._rest[: most - len(found)]
            self._rest = self._rest[len(piece) :]
            found += piece
            self.next_fetch_offset = piece[-1][0] + 1
        return found, False

    def _batch(self) -> list[Fetched]:
        batch: Any = self._batches.next_batch()
        try:
            if not batch.validate_crc():
                raise ValueError("the checksum of a batch is wrong")
            first, self._after = self._after, batch.next_offset
            return [
                (one.offset, one.timestamp, one.key, one.value, one.headers)
                for one in batch
                if one.offset >= first  # before it lies what was not asked for: a batch comes whole
            ]
        except CorruptRecordException as problem:
            raise ValueError(problem) from None


def is_plain(data: bytes) -> bool:
    """Whether all batches are of format 2, and neither compressed nor transactional nor control batches."""
    at = 0
    while len(data) - at >= _HEADER:
        if data[at + _MAGIC_AT] != 2 or data[at + _ATTRIBUTES_AT + 1] & _ODD:
            return False
        at += _PREFIX + int.from_bytes(data[at + 8 : at + _PREFIX], "big")
    return True


def take(result: Any, max_records: int | None = None) -> list[Fetched]:
    """``FetchResult.getall`` on these records: up to so many, or all, noting how far they reach."""
    if not result.check_assignment(result._topic_partition) or not result.has_more():
        return []
    try:
        records, ended = result._partition_records.take(max_records)
    except ValueError as problem:
        raise CorruptRecordException(f"{result._topic_partition}: {problem}") from None
    result._update_position()
    if ended:
        result._partition_records = None
    found: list[Fetched] = records
    return found


class FetchedResults(OrderedDict[Any, Any]):
    """aiokafka's buffer of fetch results, each told on arrival to make plain tuples of its records."""

    def __init__(self, topics: set[str]) -> None:
        super().__init__()
        self._topics = topics

    def __setitem__(self, partition: Any, result: Any) -> None:
        if type(result) is FetchResult and partition.topic in self._topics:
            parsed = result._partition_records
            if type(parsed._records) is RawRecords and plain(parsed._records.data):
                data, first = parsed._records.data, parsed.next_fetch_offset
                result._partition_records = Records(data, first, crc32c)
                # A subclass would not do: aiokafka compares classes. A proxy, since in a cycle with itself
                # the result, and with it megabytes, would stay until somebody collects garbage.
                result.getall = partial(take, proxy(result))
            else:
                parsed._consumer_record = as_fetched
        super().__setitem__(partition, result)


def take_over(consumer: Any, topics: set[str]) -> None:
    """Let an aiokafka consumer that was started hand over tuples for these topics."""
    # The only place where the bytes of an answer can be had: what aiokafka's parser is made of them in.
    fetcher.MemoryRecords = RawRecords
    consumer._fetcher._records = FetchedResults(topics)


Records: Callable[[bytes, int, Callable[[bytes], int]], Any]
plain: Callable[[bytes], bool]
Records, plain = (PythonRecords, is_plain) if RECORDS is None else (RECORDS.Records, RECORDS.plain)
