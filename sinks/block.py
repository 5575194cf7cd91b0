"""What is gathered of a topic, to be landed by one insert under one token."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sinks.kernel import ROWS
from sinks.record import Record

MAX_ROWS = 20_000
"""Rows of a block at the most: large enough for the warehouse, small enough to hold in memory."""
MAX_BYTES = 8 << 20
"""Bytes of a block at the most, for the same reasons; a single record may be larger."""

Run = tuple[int, list[Record]]
"""A partition, and records of it in the order of their offsets."""


@dataclass(slots=True)
class Block:
    """Records of one topic, consecutive in each partition, that wait to be landed together."""

    topic: str
    since: float
    """When the first of them came, in seconds of the monotonic clock."""
    bytes: int = 0
    """Of keys and values."""
    rows: int = 0
    runs: dict[int, list[Record]] = field(default_factory=dict)
    """By partition."""

    def take(self, partition: int, records: list[Record]) -> int:
        """Add records of a partition, from the first on, while there is room; returns how many.

        A block that is empty takes one of any size.
        """
        candidates = records if len(records) <= MAX_ROWS - self.rows else records[: MAX_ROWS - self.rows]
        taken, size = room(candidates, self.bytes, MAX_BYTES)
        if not taken and not self.rows:
            taken, size = room(records[:1], 0, sys.maxsize)
        if taken:
            self.runs.setdefault(partition, []).extend(records[:taken])
        self.bytes = size
        self.rows += taken
        return taken

    def ranges(self) -> dict[int, tuple[int, int]]:
        """First and last offset of each partition."""
        return {partition: (records[0][0], records[-1][0]) for partition, records in self.runs.items()}

    def token(self, rows: int) -> str:
        """Names exactly these ranges and how many rows of them land.

        A repeated insert of the same rows is recognised by it, and other rows never have the same.
        """
        ranges = (f"{partition}:{first}-{last}" for partition, (first, last) in sorted(self.ranges().items()))
        return f"{self.topic}:{','.join(ranges)}:{rows}"

    def rate(self, moment: float) -> float:
        """Records a second that have come until now, in seconds of the same clock."""
        return self.rows / max(moment - self.since, 0.05)

    def newest(self) -> int:
        """The greatest Kafka timestamp, in ms, of the last records of its partitions."""
        return max(records[-1][1] for records in self.runs.values())

    def without(self, partitions: set[int]) -> Block:
        """What remains when the partitions leave."""
        rest = Block(self.topic, self.since)
        for partition, records in self.runs.items():
            if partition not in partitions:
                rest.take(partition, records)
        return rest


def count(runs: Iterable[Run]) -> int:
    """How many records there are."""
    return sum(len(records) for _, records in runs)


def part(runs: Iterable[Run], start: int, end: int) -> list[Run]:
    """The records from place ``start`` on, before ``end``, counted over all runs."""
    found: list[Run] = []
    for partition, records in runs:
        if cut := records[max(start, 0) : max(end, 0)]:
            found.append((partition, cut))
        start, end = start - len(records), end - len(records)
    return found


def python_room(records: Sequence[Record], size: int, most: int) -> tuple[int, int]:
    """How many records, from the first on, fit on top of ``size`` bytes into ``most``; and the bytes then."""
    for place, (_, _, key, value, _) in enumerate(records):
        more = len(key or b"") + len(value or b"")
        if size + more > most:
            return place, size
        size += more
    return len(records), size


room: Callable[[Sequence[Record], int, int], tuple[int, int]] = python_room if ROWS is None else ROWS.room
