"""Record batches as the broker keeps them, encoded whole, in the place of one call of a client a record.

A batch is made of plain tuples and handed to aiokafka's sender, which takes anything that behaves as its own
``BatchBuilder`` does. With the compiled kernel a record costs a copy of its bytes; without it aiokafka's
builder, compiled too, is asked once a record.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.engine.kernel import RECORDS, crc32c

Record = tuple[Any, ...]
"""Key, value, and where it has them Kafka timestamp in ms, and headers as pairs of a name and bytes."""

BATCH_BYTES = 1 << 19
"""Size above which another batch is begun; topics take at least twice as much."""

_HEADER = struct.Struct(">qiibIhiqqqhii")
_CRC = struct.Struct(">I")
_LENGTH_FROM, _CRC_AT, _CHECKED_FROM = 12, 17, 21
_MAGIC = 2
_POSITIVE = (1 << 31) - 1
_TIMED, _WITH_HEADERS = 3, 4
_NO_HEADERS: list[tuple[str, bytes]] = []


class Batch:
    """One batch for one partition, whole but for who sends it: what aiokafka's sender needs of a builder.

    ``seal`` makes its bytes of the producer's id and epoch and of the number of its first record.
    """

    def __init__(self, count: int, size: int, seal: Callable[[int, int, int], bytearray]) -> None:
        self._count = count
        self._size = size
        self._seal = seal
        self._producer = -1, -1, -1
        self._sealed: bytearray | None = None

    def record_count(self) -> int:
        """Records in it."""
        return self._count

    def size(self) -> int:
        """Bytes."""
        return self._size

    def closed(self) -> bool:
        """Nothing is ever added: it need not linger."""
        return True

    def close(self) -> None:
        """Nothing is open."""

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        # After 2^31 records of a partition Kafka goes on with 0, aiokafka with -2^31, which brokers refuse.
        self._producer = producer_id, producer_epoch, base_sequence & _POSITIVE

    def _build(self) -> bytearray:
        """The same bytes again when it is sent again."""
        if self._sealed is None:
            self._sealed = self._seal(*self._producer)
        return self._sealed


def batches(records: Sequence[Record], now: int, most: int = BATCH_BYTES) -> Iterator[Batch]:
    """The records in batches of up to ``most`` bytes, or of one record that is larger.

    ``now`` stands for the timestamp of records that have none. Either all records have headers, or none has.
    """
    made = python_encode if records and len(records[0]) == _WITH_HEADERS else encode
    start = 0
    while start < len(records):
        batch = made(records, start, most, now)
        yield batch
        start += batch.record_count()


def python_encode(records: Sequence[Record], start: int, most: int, now: int) -> Batch:
    """A batch of as many records from ``start`` on as fit into ``most`` bytes, one at least."""
    builder: Any = DefaultRecordBatchBuilder(_MAGIC, 0, False, -1, -1, -1, most + _HEADER.size)
    append, plain, count = builder.append, len(records[start]) == _TIMED, 0
    for record in islice(records, start, None):
        if plain:  # rows, and they are many
            key, value, moment = record
            if append(count, moment, key, value, _NO_HEADERS) is None:
                break
        else:
            moment = record[2] if len(record) >= _TIMED else now
            headers = record[3] if len(record) == _WITH_HEADERS else _NO_HEADERS
            if append(count, moment, record[0], record[1], headers) is None:
                break
        count += 1
    return _built(builder, count)


def _built(builder: Any, count: int) -> Batch:
    def seal(producer_id: int, epoch: int, sequence: int) -> bytearray:
        builder.set_producer_state(producer_id, epoch, sequence)
        built: bytearray = builder.build()
        return built

    return Batch(count, builder.size(), seal)


def _kernel_encode(records: Sequence[Record], start: int, most: int, now: int) -> Batch:
    assert RECORDS is not None
    buffer: bytearray
    buffer, end, first, last = RECORDS.encode(records, start, most, now)
    count = end - start

    def seal(producer_id: int, epoch: int, sequence: int) -> bytearray:
        size = len(buffer) - _LENGTH_FROM
        head = (0, size, -1, _MAGIC, 0, 0, count - 1, first, last, producer_id, epoch, sequence, count)
        _HEADER.pack_into(buffer, 0, *head)
        _CRC.pack_into(buffer, _CRC_AT, crc32c(memoryview(buffer)[_CHECKED_FROM:]))
        return buffer

    return Batch(count, len(buffer), seal)


encode: Callable[[Sequence[Record], int, int, int], Batch] = (
    python_encode if RECORDS is None else _kernel_encode
)
