"""One topic's way into its table: admit, build a container, insert it once, isolate what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mesh.kernel.metrics import BATCH_SECONDS, RECORDS_PARKED, RECORDS_READ
from mesh.kernel.names import SINK
from sinks import dead_letters
from sinks.clickhouse.writer import RowsRefusedError
from sinks.container import Container
from sinks.intake import Refusal

if TYPE_CHECKING:
    from confluent_kafka import Message

    from sinks.clickhouse.tables import Table
    from sinks.clickhouse.writer import Writer
    from sinks.intake import Intake

Landable = tuple[int, int, bytes]
"""Offset, Kafka timestamp in ms, framed value."""


@dataclass(slots=True)
class Block:
    """Consecutive messages of one partition that wait to be landed together."""

    topic: str
    partition: int
    since: float
    bytes: int = 0
    messages: list[Message] = field(default_factory=list)

    @property
    def token(self) -> str:
        """Names exactly this range, so that a repeated insert of it is recognised."""
        first, last = self.messages[0].offset(), self.messages[-1].offset()
        return f"{self.topic}:{self.partition}:{first}-{last}:{len(self.messages)}"


class Lane(Protocol):
    """Lands the blocks of one topic and returns the messages to park."""

    def land(self, block: Block) -> list[tuple[Message, Refusal]]: ...


class EventLane:
    """Events and derived records, landed without decoding."""

    def __init__(self, table: Table, intake: Intake, writer: Writer) -> None:
        self._table = table
        self._intake = intake
        self._writer = writer
        self._container = Container(table.schema)

    def land(self, block: Block) -> list[tuple[Message, Refusal]]:
        """Insert what may land; return what may not."""
        good: list[Landable] = []
        parked: list[tuple[Message, Refusal]] = []
        admit = self._intake.admit
        for message in block.messages:
            _, timestamp = message.timestamp()
            value = admit(message.key(), message.value(), timestamp)
            if isinstance(value, Refusal):
                parked.append((message, value))
            else:
                good.append((message.offset(), timestamp, value))
        by_offset = {message.offset(): message for message in block.messages} if good else {}
        for offset, refusal in self._insert(block.partition, good, block.token):
            parked.append((by_offset[offset], refusal))
        RECORDS_READ.labels(SINK, block.topic).inc(len(block.messages))
        for _, refusal in parked:
            RECORDS_PARKED.labels(SINK, block.topic, refusal.code).inc()
        return parked

    def _insert(self, partition: int, rows: Sequence[Landable], token: str) -> Iterator[tuple[int, Refusal]]:
        """Insert the rows; halve a refused block until the unreadable rows stand alone."""
        if not rows:
            return
        try:
            with BATCH_SECONDS.labels(SINK).time():
                self._writer.insert_avro(
                    self._table.name, self._table.landed, self._container.build(partition, rows), token
                )
        except RowsRefusedError as error:
            if len(rows) == 1:
                yield rows[0][0], Refusal("warehouse-refused", str(error))
                return
            middle = len(rows) // 2
            for half in (rows[:middle], rows[middle:]):
                yield from self._insert(partition, half, f"{token}/{half[0][0]}-{half[-1][0]}")


class DeadLetterLane:
    """Dead letters, landed as rows with their reason."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def land(self, block: Block) -> list[tuple[Message, Refusal]]:
        """Insert every dead letter; none is ever refused."""
        rows = [dead_letters.row(message) for message in block.messages]
        self._writer.insert_rows(dead_letters.TABLE, dead_letters.COLUMNS, rows, block.token)
        RECORDS_READ.labels(SINK, block.topic).inc(len(rows))
        return []
