"""One topic's way into its table: admit, build a container, insert it once, isolate what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, cast

from confluent_kafka import Message

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
from sinks.container import Container, Rows
from sinks.intake import Refusal
from sinks.port import RowsRefusedError

if TYPE_CHECKING:
    from mesh.kernel.holding import Holding
    from sinks.block import Block
    from sinks.clickhouse.tables import Table
    from sinks.intake import Intake
    from sinks.port import Warehouse


Parked = tuple[Message, Refusal]
"""A message that may not land, and why."""


class Lane(Protocol):
    """Lands the blocks of one topic and returns the messages to park."""

    def land(self, block: Block) -> list[Parked]: ...


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

    def land(self, block: Block) -> list[Parked]:
        """Insert what may land; return what may not."""
        timestamps = [moment for _, moment in map(Message.timestamp, block.messages)]
        rows, parked = _parted(block.messages, timestamps, self._judged(block.messages, timestamps))
        if rows.values:
            parked += self._inserted(rows, block)
        RECORDS_READ.labels(SINK, block.topic).inc(len(block.messages))
        for _, refusal in parked:
            RECORDS_PARKED.labels(SINK, block.topic, refusal.code).inc()
        return parked

    def _judged(self, messages: list[Message], timestamps: list[int]) -> list[bytes | Refusal]:
        """Of each message the framed value to land, or why it may not."""
        if self.holdings:
            return list(map(self._admit, messages, timestamps))
        keys, values = map(Message.key, messages), map(Message.value, messages)
        return self._intake.admit_all(keys, values, timestamps)

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

    def _inserted(self, rows: Rows, block: Block) -> list[Parked]:
        """Insert rows as one; where that is refused, prove those that were trusted, and then halve."""
        if not self._intake.is_trusting:
            return list(self._halved(rows, 0, block.token(len(rows.values))))
        try:
            self._insert(rows, block.token(len(rows.values)))
        except RowsRefusedError:
            keys = map(Message.key, rows.messages)
            proven = list(map(self._intake.admit, keys, rows.values, rows.timestamps))
            rows, parked = _parted(rows.messages, rows.timestamps, proven)
            return parked + list(self._halved(rows, 0, block.token(len(rows.values))))
        return []

    def _halved(self, rows: Rows, first: int, token: str) -> Iterator[Parked]:
        """Insert the rows; halve a refused block until the unreadable rows stand alone, and yield those.

        ``first`` is the place of the first row in its block.
        """
        count = len(rows.values)
        try:
            if count:
                self._insert(rows, token)
        except RowsRefusedError as error:
            if count == 1:
                yield rows.messages[0], Refusal("warehouse-refused", str(error))
                return
            middle = count // 2
            yield from self._halved(rows.part(0, middle), first, f"{token}/{first}+{middle}")
            rest = first + middle
            yield from self._halved(rows.part(middle, count), rest, f"{token}/{rest}+{count - middle}")

    def _insert(self, rows: Rows, token: str) -> None:
        with BATCH_SECONDS.labels(SINK).time():
            container = self._container.build(rows)
            with _measured(self._table.port.topic, len(rows.values), len(container)):
                self._warehouse.insert_avro(self._table.landing, self._table.landed, container, token)


def _parted(
    messages: list[Message], timestamps: list[int], verdicts: list[bytes | Refusal]
) -> tuple[Rows, list[Parked]]:
    """What may land, and what may not."""
    if Refusal not in set(map(type, verdicts)):
        return Rows(messages, timestamps, cast("list[bytes]", verdicts)), []
    judged = list(zip(messages, timestamps, verdicts, strict=True))
    parked = [(message, verdict) for message, _, verdict in judged if isinstance(verdict, Refusal)]
    kept = [(message, moment, value) for message, moment, value in judged if isinstance(value, bytes)]
    return Rows([row[0] for row in kept], [row[1] for row in kept], [row[2] for row in kept]), parked


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

    def land(self, block: Block) -> list[Parked]:
        """Insert every dead letter; none is ever refused."""
        rows = [dead_letters.row(message) for message in block.messages]
        with _measured(block.topic, len(rows), block.bytes):
            self._warehouse.insert_rows(
                dead_letters.TABLE, dead_letters.COLUMNS, rows, block.token(len(rows))
            )
        RECORDS_READ.labels(SINK, block.topic).inc(len(rows))
        return []
