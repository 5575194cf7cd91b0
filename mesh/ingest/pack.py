"""A batch of rows becomes records for the broker; the rows that break type or contract become dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mesh.ingest.binding import Fault
from mesh.ingest.encode import Encoder
from mesh.ingest.extract import CELL, FAULT, FILE, KEY, POSITION, ROW, TIME, Batch, Extract
from mesh.ingest.rules import PARENT, Judge
from mesh.kernel.quality import Rule
from schemas.wire import partition_column


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot become an event."""

    file: str
    row: int
    code: str
    reason: str
    key: str
    position: int
    """The place of its event in the extract."""


@dataclass(frozen=True)
class Parcel:
    """Records in order of their time, ready for the broker, and what was left out."""

    times: NDArray[np.int64]
    records: list[dict[str, Any]]
    """Each with ``key``, ``value`` and ``partition``."""
    elements: int
    """Elements of the records' lists, such as order lines."""
    rejects: list[Reject]
    warnings: Counter[str]
    """Rules of severity ``warning`` that records break, by their text."""


class Packer:
    """Judges and encodes the batches of one extract."""

    def __init__(self, extract: Extract, schema_id: int) -> None:
        self._port = extract.event.port
        self._judge = Judge(self._port)
        self._encoder = Encoder(self._port, schema_id)
        self._faults = {name: extract.faults(name) for name in ("", *extract.event.lists)}

    def pack(self, batch: Batch) -> Parcel:
        """The records of a batch and its rejects."""
        broken = list(zip(self._judge.rules, self._judge.broken(batch.events, batch.lists), strict=True))
        errors = [(rule, rows) for rule, rows in broken if rule.severity == "error"]
        bad = batch.events[FAULT].is_not_null() | batch.events[CELL].is_not_null()
        for elements in batch.lists.values():
            owners = elements.filter(pl.col(FAULT).is_not_null() | pl.col(CELL).is_not_null())[PARENT]
            bad |= pl.int_range(batch.events.height, eager=True).is_in(owners.unique().implode())
        for _, rows in errors:
            bad |= rows
        warnings = Counter({rule.text: int((rows & ~bad).sum()) for rule, rows in broken if rule.severity != "error"})
        if not bad.any():
            return self._parcel(batch.events, batch.lists, [], +warnings)
        rejects = [self._reject(batch, position, errors) for position in bad.arg_true().to_list()]
        return self._parcel(*_without(batch, bad), rejects, +warnings)

    def _parcel(
        self,
        events: pl.DataFrame,
        lists: Mapping[str, pl.DataFrame],
        rejects: list[Reject],
        warnings: Counter[str],
    ) -> Parcel:
        port = self._port
        partitions = (
            [0] * events.height
            if port.partition_by is None
            else partition_column(events[port.partition_by], port.partitions).to_list()
        )
        rows = zip(
            events[KEY].cast(pl.Binary).to_list(), self._encoder.encode(events, lists), partitions, strict=True
        )
        return Parcel(
            times=events[TIME].to_numpy(),
            records=[{"key": key, "value": value, "partition": partition} for key, value, partition in rows],
            elements=sum(elements.height for elements in lists.values()),
            rejects=rejects,
            warnings=warnings,
        )

    def _reject(self, batch: Batch, position: int, errors: list[tuple[Rule, pl.Series]]) -> Reject:
        """The first thing that is wrong: with the row, with an element of its lists, then by the contract."""
        event = batch.events.row(position, named=True)
        found = self._fault_of(event, "")
        place = event
        for name, elements in batch.lists.items():
            if found is not None:
                break
            faulty = elements.filter(
                (pl.col(PARENT) == position) & (pl.col(FAULT).is_not_null() | pl.col(CELL).is_not_null())
            )
            if faulty.height:
                place = faulty.row(0, named=True)
                found = self._fault_of(place, name)
        if found is None:
            rule = next(rule for rule, rows in errors if rows[position])
            found = Fault(rule.code, rule.field, f"breaks the rule that {rule.text}", rule.remedy)
        return Reject(place[FILE], place[ROW], found.code, found.reason, event[KEY], event[POSITION])

    def _fault_of(self, row: Mapping[str, Any], name: str) -> Fault | None:
        prefix = f"{name}." if name else ""
        if row[CELL] is not None:
            column, _, what = row[CELL].partition(" ")
            return Fault("type-wrong", prefix + column, what)
        if row[FAULT] is None:
            return None
        fault = self._faults[name][row[FAULT]]
        return Fault(fault.code, prefix + fault.field, fault.what, fault.remedy)


def _without(batch: Batch, bad: pl.Series) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """The good events of a batch, and the elements of their lists numbered anew."""
    good = ~bad
    numbers = good.cast(pl.Int64).cum_sum() - 1
    lists = {}
    for name, elements in batch.lists.items():
        kept = elements.filter(good.gather(elements[PARENT]))
        lists[name] = kept.with_columns(numbers.gather(kept[PARENT]).alias(PARENT))
    return batch.events.filter(good), lists
