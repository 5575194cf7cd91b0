"""A batch of rows becomes records for the broker; rows that break type or contract become dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
        bad = batch.events.select(_is_faulty()).to_series()
        for elements in batch.lists.values():
            owners = elements.filter(_is_faulty())[PARENT]
            bad |= pl.int_range(batch.events.height, eager=True).is_in(owners.unique().implode())
        for _, rows in errors:
            bad |= rows
        warnings = Counter(
            {rule.text: int((rows & ~bad).sum()) for rule, rows in broken if rule.severity != "error"}
        )
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
            events[KEY].cast(pl.Binary).to_list(),
            self._encoder.encode(events, lists),
            partitions,
            strict=True,
        )
        return Parcel(
            times=events[TIME].to_numpy(),
            records=[{"key": key, "value": value, "partition": partition} for key, value, partition in rows],
            elements=sum(elements.height for elements in lists.values()),
            rejects=rejects,
            warnings=warnings,
        )

    def _reject(self, batch: Batch, position: int, errors: list[tuple[Rule, pl.Series]]) -> Reject:
        """What is wrong first: an unreadable cell, then a field of the row or of a list, then a rule."""
        event = batch.events.row(position, named=True)
        rows = [("", event)]
        for name, elements in batch.lists.items():
            faulty = elements.filter(_is_faulty() & (pl.col(PARENT) == position))
            rows += [(name, row) for row in faulty.head(1).iter_rows(named=True)]
        for name, row in rows:
            if row[CELL] is not None:
                return _rejected(event, row, Fault("type-wrong", name or "row", row[CELL]))
        for name, row in rows:
            if row[FAULT] is not None:
                fault = self._faults[name][row[FAULT]]
                field = f"{name}.{fault.field}" if name else fault.field
                return _rejected(event, row, replace(fault, field=field))
        rule = next(rule for rule, rows in errors if rows[position])
        return _rejected(
            event, event, Fault(rule.code, rule.field, f"breaks the rule that {rule.text}", rule.remedy)
        )


def _is_faulty() -> pl.Expr:
    return pl.col(FAULT).is_not_null() | pl.col(CELL).is_not_null()


def _rejected(event: Mapping[str, Any], row: Mapping[str, Any], fault: Fault) -> Reject:
    return Reject(row[FILE], row[ROW], fault.code, fault.reason, event[KEY], event[POSITION])


def _without(batch: Batch, bad: pl.Series) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """The good events of a batch, and the elements of their lists numbered anew."""
    good = ~bad
    numbers = good.cast(pl.Int64).cum_sum() - 1
    lists = {}
    for name, elements in batch.lists.items():
        kept = elements.filter(good.gather(elements[PARENT]))
        lists[name] = kept.with_columns(numbers.gather(kept[PARENT]).alias(PARENT))
    return batch.events.filter(good), lists
