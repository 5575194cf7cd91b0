"""One topic's way into its table: admit, build a container, insert it once, isolate what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mesh.kernel.metrics import (
    BATCH_SECONDS,
    INSERT_BYTES,
    INSERT_ROWS,
    INSERT_SECONDS,
    RECORDS_PARKED,
    RECORDS_READ,
)
from mesh.kernel.names import SINK
from sinks import dead_letters
from sinks.container import Container, Landable
from sinks.intake import Refusal
from sinks.port import RowsRefusedError

if TYPE_CHECKING:
    from confluent_kafka import Message

    from mesh.kernel.holding import Holding
    from sinks.clickhouse.tables import Table
    from sinks.intake import Intake
    from sinks.port import Warehouse


@dataclass(slots=True)
class Block:
    """Messages of one topic, consecutive in each partition, that wait to be landed together."""

    topic: str
    since: float
    """When the first of them came, in seconds of the monotonic clock."""
    bytes: int = 0
    messages: list[Message] = field(default_factory=list)

    def ranges(self) -> dict[int, tuple[int, int]]:
        """First and last offset of each partition."""
        found: dict[int, tuple[int, int]] = {}
        for message in self.messages:
            partition, offset = message.partition(), message.offset()
            found[partition] = (found[partition][0] if partition in found else offset, offset)
        return found

    def token(self, rows: int) -> str:
        """Names exactly these ranges and how many rows of them land.

        A repeated insert of the same rows is recognised by it, and other rows never have the same.
        """
        ranges = (f"{partition}:{first}-{last}" for partition, (first, last) in sorted(self.ranges().items()))
        return f"{self.topic}:{','.join(ranges)}:{rows}"

    def without(self, partitions: set[int]) -> Block:
        """What remains when the partitions leave."""
        kept = [message for message in self.messages if message.partition() not in partitions]
        return Block(self.topic, self.since, sum(len(message.value() or b"") for message in kept), kept)


class Lane(Protocol):
    """Lands the blocks of one topic and returns the messages to park."""

    def land(self, block: Block) -> list[tuple[Message, Refusal]]: ...


class EventLane:
    """Events and derived records, landed without decoding.

    ``holdings`` says, by partition, what is held: on a topic where records wait behind an invalid one.
    """

    def __init__(self, table: Table, intake: Intake, warehouse: Warehouse) -> None:
        self.holdings: Mapping[int, Holding] = {}
        self._table = table
        self._intake = intake
        self._warehouse = warehouse
        self._container = Container(table.schema)

    def land(self, block: Block) -> list[tuple[Message, Refusal]]:
        """Insert what may land; return what may not."""
        rows: list[Landable] = []
        landed: list[Message] = []
        parked: list[tuple[Message, Refusal]] = []
        for message in block.messages:
            _, timestamp = message.timestamp()
            value = self._admit(message, timestamp)
            if isinstance(value, Refusal):
                parked.append((message, value))
            else:
                rows.append((message.partition(), message.offset(), timestamp, value))
                landed.append(message)
        if rows:
            for row, refusal in self._insert(rows, 0, block.token(len(rows))):
                parked.append((landed[row], refusal))
        RECORDS_READ.labels(SINK, block.topic).inc(len(block.messages))
        for _, refusal in parked:
            RECORDS_PARKED.labels(SINK, block.topic, refusal.code).inc()
        return parked

    def _admit(self, message: Message, timestamp: int) -> bytes | Refusal:
        """The framed value to land, or why it may not: it is invalid, or waits behind an invalid record."""
        key, value = message.key(), message.value()
        holding = self.holdings.get(message.partition())
        if holding is None:
            return self._intake.admit(key, value, timestamp)
        if value is None or key in holding.keys:
            verdict = holding.verdict(message.offset(), key, value, message.headers())
            if verdict is not None:
                return Refusal(*verdict)
        admitted = self._intake.admit(key, value, timestamp)
        if isinstance(admitted, Refusal):
            holding.refused(message.offset(), key, *admitted)
        return admitted

    def _insert(self, rows: Sequence[Landable], first: int, token: str) -> Iterator[tuple[int, Refusal]]:
        """Insert the rows; halve a refused block until the unreadable rows stand alone.

        ``first`` is the place of the first row in its block; yields the places of the refused rows.
        """
        try:
            with BATCH_SECONDS.labels(SINK).time():
                container = self._container.build(rows)
                with _measured(self._table.port.topic, len(rows), len(container)):
                    self._warehouse.insert_avro(self._table.landing, self._table.landed, container, token)
        except RowsRefusedError as error:
            if len(rows) == 1:
                yield first, Refusal("warehouse-refused", str(error))
                return
            middle = len(rows) // 2
            yield from self._insert(rows[:middle], first, f"{token}/{first}+{middle}")
            yield from self._insert(
                rows[middle:], first + middle, f"{token}/{first + middle}+{len(rows) - middle}"
            )


@contextmanager
def _measured(topic: str, rows: int, size: int) -> Iterator[None]:
    """Measure one insert of so many rows and bytes, with the time for which the warehouse was waited for."""
    INSERT_ROWS.labels(topic).observe(rows)
    INSERT_BYTES.labels(topic).observe(size)
    with INSERT_SECONDS.labels(topic).time():
        yield


class DeadLetterLane:
    """Dead letters, landed as rows with their reason."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def land(self, block: Block) -> list[tuple[Message, Refusal]]:
        """Insert every dead letter; none is ever refused."""
        rows = [dead_letters.row(message) for message in block.messages]
        with _measured(block.topic, len(rows), block.bytes):
            self._warehouse.insert_rows(
                dead_letters.TABLE, dead_letters.COLUMNS, rows, block.token(len(rows))
            )
        RECORDS_READ.labels(SINK, block.topic).inc(len(rows))
        return []
