"""What is gathered of a topic, to be landed by one insert under one token."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from confluent_kafka import Message

MAX_ROWS = 20_000
"""Rows of a block at the most: large enough for the warehouse, small enough to hold in memory."""
MAX_BYTES = 8 << 20
"""Bytes of a block at the most, for the same reasons; a single message may be larger."""


@dataclass(slots=True)
class Block:
    """Messages of one topic, consecutive in each partition, that wait to be landed together."""

    topic: str
    since: float
    """When the first of them came, in seconds of the monotonic clock."""
    bytes: int = 0
    messages: list[Message] = field(default_factory=list)

    def take(self, messages: list[Message]) -> int:
        """Add messages, from the first on, while there is room; returns how many.

        A block that is empty takes one of any size.
        """
        sizes = list(accumulate(map(len, messages), initial=self.bytes))
        room = min(bisect_right(sizes, MAX_BYTES) - 1, MAX_ROWS - len(self.messages))
        taken = min(max(room, 0 if self.messages else 1), len(messages))
        self.messages += messages[:taken]
        self.bytes = sizes[taken]
        return taken

    def ranges(self) -> dict[int, tuple[int, int]]:
        """First and last offset of each partition."""
        partitions = list(map(Message.partition, self.messages))
        offsets = list(map(Message.offset, self.messages))
        last = dict(zip(partitions, offsets, strict=True))  # of equal keys the last one holds
        first = dict(zip(reversed(partitions), reversed(offsets), strict=True))
        return {partition: (first[partition], last[partition]) for partition in first}

    def token(self, rows: int) -> str:
        """Names exactly these ranges and how many rows of them land.

        A repeated insert of the same rows is recognised by it, and other rows never have the same.
        """
        ranges = (f"{partition}:{first}-{last}" for partition, (first, last) in sorted(self.ranges().items()))
        return f"{self.topic}:{','.join(ranges)}:{rows}"

    def without(self, partitions: set[int]) -> Block:
        """What remains when the partitions leave."""
        kept = [message for message in self.messages if message.partition() not in partitions]
        return Block(self.topic, self.since, sum(map(len, kept)), kept)
