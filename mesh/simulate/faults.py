"""Faults as real sources have them: events that come late, twice, out of order, or broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
import polars as pl

from mesh.simulate.chance import Numbers, between
from mesh.simulate.clock import DAY, Clock

SOUND, LATE, DOUBLE, SHUFFLED, BAD = range(5)
NAMES = ("sound", "late", "duplicate", "shuffled", "bad")
REFUSED, UNDECODABLE, SCHEMA_UNKNOWN, KEY_MISMATCH, TIME_AHEAD = range(5)
KINDS = ("refused", "undecodable", "schema-unknown", "key-mismatch", "event-time-ahead")
"""What is wrong with a bad event: its contract refuses it at the source, or a reader of its topic does."""
_KIND_WEIGHTS = (0.4, 0.6, 0.75, 0.9)
LATEST = 5.0
"""Days of trade by which a late event is late at most; the least is an hour."""
LONGEST_SHUFFLE = 0.25
LONGEST_ECHO = 1.0

BREAKS: Mapping[str, Mapping[str, pl.Expr]] = {
    "OrderPlaced": {"total_amount": pl.col("total_amount") + 10_000},
    "PaymentRecorded": {"payment_method": pl.lit("Barter")},
    "FulfilmentUpdated": {"order_status": pl.lit("Misplaced")},
    "ReturnRecorded": {"quantity": pl.lit(-1, pl.Int64)},
    "CustomerRecorded": {"gender": pl.lit("UNKNOWN")},
    "ContactMade": {"outcome": pl.lit("Forgotten")},
    "WebSessionEnded": {"page_views": pl.lit(0, pl.Int64)},
    "ArrivalsCounted": {"visitors": pl.lit(-1, pl.Int64)},
    "StockCounted": {"on_hand": pl.lit(-1, pl.Int64)},
    "SalesTargetSet": {"target_amount": pl.lit(-10_000, pl.Int64)},
}
"""What breaks the contract of each event. Events that are not here are never bad: others point to them."""
CLOCKED = ("OrderPlaced", "PaymentRecorded", "FulfilmentUpdated", "ReturnRecorded")
"""Events that move the mesh's clock, and so the only ones that can be ahead of it."""
UNOWNED = ("ArrivalsCounted", "StockCounted", "SalesTargetSet")
"""Events of no account, under whose key no reader looks for one."""


@dataclass(frozen=True)
class Faults:
    """The share of events, 0 to 1, with each fault; no event has two."""

    late: float = 0.0
    duplicates: float = 0.0
    shuffled: float = 0.0
    bad: float = 0.0


@dataclass(frozen=True)
class Fate:
    """What befalls each of a batch's events."""

    fault: Numbers
    """Of each event one of :data:`NAMES`."""
    kind: Numbers
    """Of each bad event one of :data:`KINDS`; 0 elsewhere."""
    leaves: Numbers
    """When each is published."""
    echoes: Numbers
    """When each is published again; 0 where it is not."""

    def of(self, fault: int, kind: int | None = None) -> Numbers:
        """The positions of the events with a fault."""
        found = self.fault == fault
        return np.flatnonzero(found if kind is None else found & (self.kind == kind))


def fates(name: str, times: Numbers, faults: Faults, clock: Clock, numbers: np.random.Generator) -> Fate:
    """What befalls events of one type at some times."""
    count = len(times)
    fault = np.searchsorted(np.cumsum(astuple(faults)), numbers.random(count), side="right")
    fault = np.where(fault == len(astuple(faults)), SOUND, fault + 1)
    if name not in BREAKS:
        fault[fault == BAD] = SOUND
    kind = np.searchsorted(_KIND_WEIGHTS, numbers.random(count), side="right")
    if name not in CLOCKED:
        kind[kind == TIME_AHEAD] = UNDECODABLE
    if name in UNOWNED:
        kind[kind == KEY_MISMATCH] = SCHEMA_UNKNOWN
    kind[fault != BAD] = 0
    late = clock.span(between(numbers, 1 / 24, LATEST, count))
    shuffled = clock.span(numbers.random(count) * LONGEST_SHUFFLE)
    leaves = times + np.select([fault == LATE, fault == SHUFFLED], [late, shuffled], 0)
    echoes = np.where(fault == DOUBLE, times + clock.span(numbers.random(count) * LONGEST_ECHO), 0)
    return Fate(fault, kind, leaves, echoes)


def spoil(name: str, events: pl.DataFrame, fate: Fate, until: int) -> pl.DataFrame:
    """The events with the values of the bad ones changed; ``until`` is a moment that has not passed yet."""
    if not (fate.fault == BAD).any():
        return events
    refused = pl.Series((fate.fault == BAD) & (fate.kind == REFUSED))
    ahead = pl.Series((fate.fault == BAD) & (fate.kind == TIME_AHEAD))
    broken = {
        column: pl.when(refused).then(value).otherwise(column) for column, value in BREAKS[name].items()
    }
    far = pl.max_horizontal("occurred_at", pl.lit(until)) + 10 * DAY
    return events.with_columns(occurred_at=pl.when(ahead).then(far).otherwise("occurred_at"), **broken)


def mangle(values: list[bytes], keys: list[bytes], fate: Fate) -> None:
    """Break the encoded values and the keys of bad events, in place."""
    for position in fate.of(BAD, UNDECODABLE):
        values[position] = values[position][: -len(values[position]) // 3]
    for position in fate.of(BAD, SCHEMA_UNKNOWN):
        values[position] = b"\0\x7f\xff\xff\xff" + values[position][5:]
    for position in fate.of(BAD, KEY_MISMATCH):
        keys[position] = b"0" + keys[position]
