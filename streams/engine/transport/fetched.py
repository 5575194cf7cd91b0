"""What the broker answers to a fetch, made into plain tuples a batch at a time.

aiokafka makes an object of every record, and Python calls for each. With the compiled kernel a record costs
its tuple; answers that hold what the kernel does not read (compressed, transactional and control batches, old
formats) go aiokafka's way, whose records become the same tuples.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from streams.engine.fold import Fetched
from streams.engine.kernel import RECORDS


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


def take(result: Any, max_records: int | None = None) -> list[Fetched]:
    """``FetchResult.getall`` on the kernel's records: up to so many, or all, noting how far they reach."""
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
            if RECORDS is not None and type(parsed._records) is RawRecords:
                data = parsed._records.data
                if RECORDS.plain(data):
                    result._partition_records = RECORDS.Records(data, parsed.next_fetch_offset, calc_crc32c)
                    result.getall = partial(take, result)  # aiokafka knows its own class only
            parsed._consumer_record = as_fetched
        super().__setitem__(partition, result)


def take_over(consumer: Any, topics: set[str]) -> None:
    """Let an aiokafka consumer that was started hand over tuples for these topics."""
    # The only place where the bytes of an answer can be had: what aiokafka's parser is made of them in.
    fetcher.MemoryRecords = RawRecords
    consumer._fetcher._records = FetchedResults(topics)
