"""One topic's way into its table: admit, build a container, insert it once, isolate what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

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
from sinks.block import Run, count, part
from sinks.container import Container
from sinks.dead_letters import Refused
from sinks.intake import Refusal
from sinks.port import RowsRefusedError

if TYPE_CHECKING:
    from mesh.kernel.holding import Holding
    from sinks.block import Block
    from sinks.clickhouse.tables import Table
    from sinks.intake import Intake
    from sinks.port import Warehouse
    from sinks.record import Record


class Lane(Protocol):
    """Lands the blocks of one topic and returns the records to park."""

    def land(self, block: Block) -> list[Refused]: ...


class Parted(NamedTuple):
    """Records that may land, with the values that do, and those that may not."""

    runs: list[Run]
    parked: list[Refused]


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

    def land(self, block: Block) -> list[Refused]:
        """Insert what may land; return what may not."""
        runs, parked = self._parted(block)
        if runs:
            parked += self._inserted(runs, block)
        RECORDS_READ.labels(SINK, block.topic).inc(block.rows)
        for one in parked:
            RECORDS_PARKED.labels(SINK, block.topic, one.refusal.code).inc()
        return parked

    def _parted(self, block: Block) -> Parted:
        parted = Parted([], [])
        for partition, records in block.runs.items():
            doubtful = self._intake.doubtful(records)
            holding = self.holdings.get(partition)
            if not doubtful and not (holding and holding.keys):
                parted.runs.append((partition, records))
            else:
                _add(parted, partition, records, self._verdicts(records, frozenset(doubtful), holding))
        return parted

    def _verdicts(
        self, records: Sequence[Record], doubtful: frozenset[int], holding: Holding | None
    ) -> Iterator[bytes | Refusal]:
        """Of each record the framed value to land, or why it may not: it is invalid, or waits behind one."""
        keys = holding.keys if holding else {}
        for place, (offset, moment, key, value, message) in enumerate(records):
            if holding and (value is None or key in keys):
                verdict = holding.verdict(offset, key, value, message.headers())
                if verdict is not None:
                    yield Refusal(*verdict)
                    continue
            if value is not None and place not in doubtful:
                yield value
                continue
            admitted = self._intake.admit(key, value, moment)
            if holding and isinstance(admitted, Refusal):
                holding.refused(offset, key, *admitted)
            yield admitted

    def _inserted(self, runs: list[Run], block: Block) -> list[Refused]:
        """Insert rows as one; where that is refused, prove those that were trusted, and then halve."""
        if not self._intake.is_trusting:
            return list(self._halved(runs, 0, block.token(count(runs))))
        try:
            self._insert(runs, block.token(count(runs)))
        except RowsRefusedError:
            proven = Parted([], [])
            for partition, records in runs:
                verdicts = (self._intake.admit(key, value, at) for _, at, key, value, _ in records)
                _add(proven, partition, records, verdicts)
            token = block.token(count(proven.runs))
            return proven.parked + list(self._halved(proven.runs, 0, token))
        return []

    def _halved(self, runs: list[Run], first: int, token: str) -> Iterator[Refused]:
        """Insert the rows; halve a refused block until the unreadable rows stand alone, and yield those.

        ``first`` is the place of the first row in its block.
        """
        rows = count(runs)
        try:
            if rows:
                self._insert(runs, token)
        except RowsRefusedError as error:
            if rows == 1:
                partition, records = runs[0]
                yield Refused(partition, records[0], Refusal("warehouse-refused", str(error)))
                return
            middle = rows // 2
            yield from self._halved(part(runs, 0, middle), first, f"{token}/{first}+{middle}")
            rest = first + middle
            yield from self._halved(part(runs, middle, rows), rest, f"{token}/{rest}+{rows - middle}")

    def _insert(self, runs: Sequence[Run], token: str) -> None:
        with BATCH_SECONDS.labels(SINK).time():
            container = self._container.build(runs)
            with _measured(self._table.port.topic, count(runs), len(container)):
                self._warehouse.insert_avro(self._table.landing, self._table.landed, container, token)


def _add(
    parted: Parted, partition: int, records: Sequence[Record], verdicts: Iterable[bytes | Refusal]
) -> None:
    """Add the records of a partition to what may land or to what may not."""
    landing: list[Record] = []
    for record, verdict in zip(records, verdicts, strict=True):
        if isinstance(verdict, Refusal):
            parted.parked.append(Refused(partition, record, verdict))
        else:
            offset, moment, key, _, message = record
            landing.append((offset, moment, key, verdict, message))
    if landing:
        parted.runs.append((partition, landing))


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

    def land(self, block: Block) -> list[Refused]:
        """Insert every dead letter; none is ever refused."""
        rows = [
            dead_letters.row(block.topic, partition, record)
            for partition, records in block.runs.items()
            for record in records
        ]
        with _measured(block.topic, len(rows), block.bytes):
            self._warehouse.insert_rows(
                dead_letters.TABLE, dead_letters.COLUMNS, rows, block.token(len(rows))
            )
        RECORDS_READ.labels(SINK, block.topic).inc(len(rows))
        return []
