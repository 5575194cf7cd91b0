"""The set of published facts: every source topic read from its beginning, invalid records set aside.

Rules 1 to 4 of the semantics: validity, revisions, the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import polars as pl

from mesh.kernel.discovery import find_mesh
from mesh.kernel.event import Event
from mesh.reconcile.avro import FRAME, Reader, column_types
from mesh.reconcile.log import Log
from schemas.derive import avro_schema
from schemas.registry import Registry
from schemas.wire import SchemaUnknownError

if TYPE_CHECKING:
    from confluent_kafka import Message

    from mesh.kernel.contract import Port
    from mesh.kernel.settings import Settings

DAY = 86_400_000_000
"""Microseconds of a day."""

ENTITY = {
    "CustomerRecorded": ("account", "valid_from"),
    "SegmentAssigned": ("customer_id",),
    "ProductDescribed": ("product_id", "valid_from"),
    "LocationDescribed": ("location_id", "valid_from"),
    "EmployeeDescribed": ("employee_id", "valid_from"),
    "PromotionAnnounced": ("promotion_id", "valid_from"),
    "SalesTargetSet": ("target_id",),
    "OrderPlaced": ("order_id",),
    "PaymentRecorded": ("transaction_id",),
    "FulfilmentUpdated": ("fulfilment_id",),
    "ReturnRecorded": ("return_id",),
}
"""What identifies a fact that the rules name, by record class (rule 3).

Every other event with a table that no application writes is a fact too, identified by the key of its table.
"""

RULED = ("customer", "employee", "location", "product", "sales")
"""The domains of these classes; a class of the same name in another domain is another fact."""

OF_ORDERS = ("OrderPlaced", "PaymentRecorded", "FulfilmentUpdated", "ReturnRecorded")
"""The facts of an order: they drive the clock, and may not be ahead of time."""

PLACE = {"_partition": pl.Int32, "_offset": pl.Int64}
"""Where a record stood: columns beside its fields."""

_CHUNK = 20_000
"""Decoded records that are Python objects at the same time."""


@dataclass(frozen=True)
class Facts:
    """The facts by :func:`fact_name`: ``revisions`` holds each valid one once, ``newest`` those that hold."""

    revisions: Mapping[str, pl.DataFrame]
    newest: Mapping[str, pl.DataFrame]
    clock: int | None
    """The event-time clock in microseconds; None before any fact of an order."""

    def slices(self, count: int) -> Iterable[Facts]:
        """The same facts with the orders dealt out by CRC-32 of their id; all else is in every slice."""
        if count == 1:
            yield self
            return
        for number in range(count):
            yield replace(
                self,
                revisions={**self.revisions, **_dealt(self.revisions, number, count)},
                newest={**self.newest, **_dealt(self.newest, number, count)},
            )


def _dealt(frames: Mapping[str, pl.DataFrame], number: int, count: int) -> dict[str, pl.DataFrame]:
    return {
        name: frames[name].filter(
            pl.Series(
                [crc32(order.encode()) % count == number for order in frames[name]["order_id"]],
                dtype=pl.Boolean,
            )
        )
        for name in OF_ORDERS
    }


def read_facts(settings: Settings, log: Log, progress: Callable[[str, int], None]) -> Facts:
    """Read the facts; ``progress`` is told each topic and how many of its records were read so far.

    Raises :class:`ReconcileError` when the broker or a topic cannot be read.
    """
    revisions, entities = {}, {}
    with Registry(settings.registry) as registry:
        for port in find_mesh(settings).ports.values():
            if entity := entity_of(port):
                name = fact_name(port)
                entities[name] = entity
                revisions[name] = unique_revisions(_read(port, registry, log, progress), entity)
    return facts_of(revisions, entities)


def fact_name(port: Port) -> str:
    """Under which name the facts of a port are found: their class where the rules name it, else the topic."""
    name = port.record.__name__
    return name if name in ENTITY and port.domain in RULED else port.topic


def entity_of(port: Port) -> tuple[str, ...]:
    """The fields that identify a fact of a port; empty where its records are no facts."""
    if port.application or not issubclass(port.record, Event):
        return ()
    return ENTITY.get(fact_name(port), port.table_key)


def facts_of(
    revisions: Mapping[str, pl.DataFrame], entities: Mapping[str, tuple[str, ...]] = ENTITY
) -> Facts:
    """The facts of given revisions: the newest of each entity, and the clock."""
    newest = {
        name: frame.sort("seq").unique(entities[name], keep="last", maintain_order=True)
        for name, frame in revisions.items()
    }
    times = [revisions[name]["occurred_at"].max() for name in OF_ORDERS]
    return Facts(revisions, newest, max((time for time in times if isinstance(time, int)), default=None))


def unique_revisions(frame: pl.DataFrame, entity: Iterable[str]) -> pl.DataFrame:
    """Of records with equal entity and seq the one with the lowest offset (rule 1)."""
    return frame.sort("_offset").unique([*entity, "seq"], keep="first", maintain_order=True)


def _read(port: Port, registry: Registry, log: Log, progress: Callable[[str, int], None]) -> pl.DataFrame:
    """The valid records of a port as columns."""
    schema = avro_schema(port.record)
    intake = Queue(Intake(port, schema, registry), ordered=port.key == f"{{{port.partition_by}}}")
    types = {**column_types(schema), **PLACE}
    frames = [pl.DataFrame(schema=types)]
    rows: list[dict[str, Any]] = []
    read = 0
    for batch in log.batches(port.topic):
        for message in batch:
            row = intake.admit(message)
            if row is not None:
                rows.append(row)
        read += len(batch)
        progress(port.topic, read)
        if len(rows) >= _CHUNK:
            frames.append(pl.DataFrame(rows, schema=types))
            rows = []
    return pl.concat([*frames, pl.DataFrame(rows, schema=types)])


class Queue:
    """Sets aside the records that wait behind an invalid one of their key (rule 24).

    ``ordered`` says whether a key of the topic stands for several facts, so that they do.
    """

    def __init__(self, intake: Intake, *, ordered: bool) -> None:
        self._intake = intake
        self._ordered = ordered
        self._parked: dict[tuple[int, bytes], int] = {}  # the last offset that is set aside of a held key

    def admit(self, message: Message) -> dict[str, Any] | None:
        """The fields of a record that has an effect; None for any other. In order of offsets."""
        key = message.key()
        if not self._ordered or key is None:
            return self._intake.admit(message)
        place, headers = (message.partition(), key), dict(message.headers() or ())
        redriven = "mesh-redrive" in headers
        release = headers.get("mesh-release") or b""
        if message.value() is None and redriven and len(release) <= 18 and release.isdigit():
            if int(release) >= self._parked.get(place, -1):
                self._parked.pop(place, None)
            return None
        row = None if place in self._parked and not redriven else self._intake.admit(message)
        if row is None:
            self._parked[place] = message.offset()
        return row


class Intake:
    """Tells valid records of a port from invalid ones (rule 2)."""

    def __init__(self, port: Port, schema: dict[str, Any], registry: Registry) -> None:
        self._schema = schema
        self._registry = registry
        self._owner = port.keyed_by
        self._clocked = fact_name(port) in OF_ORDERS
        self._readers: dict[int, Reader | None] = {}

    def admit(self, message: Message) -> dict[str, Any] | None:
        """The fields of a valid record and where it stood; None when it is invalid."""
        value = message.value()
        if value is None or len(value) < FRAME or value[0] != 0:
            return None
        reader = self._reader(int.from_bytes(value[1:FRAME], "big"))
        if reader is None:
            return None
        try:
            row = reader.read(value)
        except ValueError:
            return None
        if self._owner:
            owner, key = row[self._owner].encode(), message.key() or b""
            if key != owner and not key.startswith((owner + b"@", owner + b"#")):
                return None
        if self._clocked and row["occurred_at"] > message.timestamp()[1] * 1000 + DAY:
            return None
        row["_partition"], row["_offset"] = message.partition(), message.offset()
        return row

    def _reader(self, writer: int) -> Reader | None:
        """The reader of a writer's schema; None when there is no such schema."""
        if writer not in self._readers:
            try:
                self._readers[writer] = Reader(self._registry.schema(writer), self._schema)
            except SchemaUnknownError:
                self._readers[writer] = None
        return self._readers[writer]
