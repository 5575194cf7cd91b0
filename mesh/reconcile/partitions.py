"""Where every record went: produced = landed + parked, partition by partition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from mesh.kernel import names
from mesh.kernel.contract import Port
from mesh.reconcile.log import Log, Span
from mesh.reconcile.warehouse import Warehouse


@dataclass(frozen=True)
class Partition:
    """What became of the records of one partition."""

    topic: str
    partition: int
    produced: int
    """Records that are on the topic."""
    landed: int
    """Of these, those in the ledger."""
    parked: int
    """Of these, those that the sink refused, waiting ones and releases (rule 24) included."""

    @property
    def missing(self) -> int:
        """Neither landed nor parked; below zero when some are both."""
        return self.produced - self.landed - self.parked


def partitions(port: Port, log: Log, warehouse: Warehouse) -> Iterator[Partition]:
    """The partitions of a topic that has a table."""
    if port.cleanup == "compact":
        yield from _compacted(port, log, warehouse)
        return
    for partition, span in log.spans(port.topic).items():
        yield Partition(
            port.topic,
            partition,
            span.end - span.start,
            len(_landed(warehouse, port.topic, partition, span)),
            len(_parked(warehouse, port.topic, partition, span)),
        )


def _compacted(port: Port, log: Log, warehouse: Warehouse) -> Iterator[Partition]:
    """Offsets have gaps here, so that the records themselves are counted."""
    spans = log.spans(port.topic)
    there: dict[int, list[int]] = {partition: [] for partition in spans}
    for batch in log.batches(port.topic):
        for message in batch:
            there[message.partition()].append(message.offset())
    for partition, offsets in there.items():
        span = spans[partition]
        known = pl.Series("offset", offsets, dtype=pl.Int64)
        landed = _landed(warehouse, port.topic, partition, span)
        parked = _parked(warehouse, port.topic, partition, span)
        yield Partition(
            port.topic,
            partition,
            len(known),
            int(known.is_in(landed.implode()).sum()),
            int(known.is_in(parked.implode()).sum()),
        )


def _landed(warehouse: Warehouse, topic: str, partition: int, span: Span) -> pl.Series:
    return _offsets(warehouse, "mesh.raw_events", topic, partition, span, "")


def _parked(warehouse: Warehouse, topic: str, partition: int, span: Span) -> pl.Series:
    consumer = f" AND consumer = '{names.SINK}'"
    return _offsets(warehouse, "mesh.dead_letters_v1", topic, partition, span, consumer)


def _offsets(
    warehouse: Warehouse, table: str, topic: str, partition: int, span: Span, condition: str
) -> pl.Series:
    return warehouse.select(
        f"SELECT DISTINCT offset FROM {table} WHERE topic = '{topic}' AND partition = {partition} "
        f"AND offset >= {span.start} AND offset < {span.end}{condition}"
    )["offset"]
