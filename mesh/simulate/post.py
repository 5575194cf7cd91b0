"""Frames of events become records: stamped, judged by their contract, encoded, with a moment to leave."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from mesh.ingest.encode import Encoder
from mesh.ingest.fields import plain_fields
from mesh.ingest.rules import Judge
from mesh.kernel.contract import Port
from mesh.kernel.event import Event
from mesh.kernel.quality import Rule
from mesh.publish.envelope import event_id_template
from mesh.simulate.clock import SECOND
from mesh.simulate.faults import Fate, mangle
from schemas.wire import partition_column

_TYPES = {
    "text": pl.String, "whole": pl.Int64, "boolean": pl.Boolean, "double": pl.Float64, "decimal": pl.Int64,
    "moment": pl.Int64, "day": pl.Int32,
}  # fmt: skip
MAIL = {
    "leaves": pl.Int64, "topic": pl.Int64, "partition": pl.Int32, "key": pl.Binary, "value": pl.Binary,
}  # fmt: skip
"""Records on their way: when each leaves, the number of its topic, and the record."""


@dataclass(frozen=True)
class Declined:
    """An event that its contract refuses: it never reaches its topic."""

    port: Port
    position: int
    rule: Rule
    key: str
    values: bytes
    """Its clear fields as JSON."""


@dataclass(frozen=True)
class Posted:
    """What became of a frame of events."""

    mail: pl.DataFrame
    """As :data:`MAIL` says, a record an event."""
    refused: pl.Series
    """Whether its contract refuses each event."""
    echoes: pl.DataFrame
    """The records that leave a second time."""
    refusals: list[Declined]
    warnings: int
    """Rules of severity ``warning`` that records break."""

    @property
    def records(self) -> pl.DataFrame:
        """All records that are to leave."""
        return pl.concat([self.mail.filter(~self.refused), self.echoes])


class Post:
    """The post of one event type; ``number`` tells its topic from others in the mail."""

    def __init__(self, port: Port, schema_id: int, source: str, number: int) -> None:
        self.port = port
        self._number = number
        self._judge = Judge(port)
        self._encoder = Encoder(port, schema_id)
        assert issubclass(port.record, Event)
        self._fields = plain_fields(port.record)
        kinds = {field.name: field.kind for field in self._fields}
        self._key = _filled(port.key, kinds)
        self._event_id = _filled(event_id_template(port), kinds)
        self._source = source

    def stamped(self, events: pl.DataFrame) -> pl.DataFrame:
        """The events with every field of their class and, under ``_key``, their key."""
        given = events.columns
        whole = events.with_columns(
            pl.lit(self._source).alias("source"),
            pl.col("occurred_at").alias("recorded_at"),
            *(
                pl.lit(None, _TYPES[field.kind]).alias(field.name)
                for field in self._fields
                if field.nullable and field.name not in given
            ),
        )
        return whole.with_columns(self._event_id.alias("event_id"), self._key.alias("_key"))

    def post(self, events: pl.DataFrame, lists: Mapping[str, pl.DataFrame], fate: Fate) -> Posted:
        """Judge and encode stamped events."""
        broken = list(zip(self._judge.rules, self._judge.broken(events, lists), strict=True))
        refused = pl.repeat(value=False, n=events.height, dtype=pl.Boolean, eager=True)
        for rule, rows in broken:
            if rule.severity == "error":
                refused |= rows
        warnings = sum(int((rows & ~refused).sum()) for rule, rows in broken if rule.severity == "warning")
        values = self._encoder.encode(events, lists)
        keys = events["_key"].cast(pl.Binary).to_list()
        mangle(values, keys, fate)
        mail = pl.DataFrame(
            [
                pl.Series("leaves", fate.leaves),
                pl.Series("topic", np.full(events.height, self._number)),
                self._partitions(events),
                pl.Series("key", keys, dtype=pl.Binary),
                pl.Series("value", values, dtype=pl.Binary),
            ],
        )
        again = pl.Series("leaves", fate.echoes)
        echoes = mail.with_columns(again).filter((again > 0) & ~refused)
        positions = refused.arg_true().to_list()
        return Posted(
            mail,
            refused,
            echoes,
            [self._refusal(events, position, broken) for position in positions],
            warnings,
        )

    def _partitions(self, events: pl.DataFrame) -> pl.Series:
        if self.port.partition_by is None:
            return pl.repeat(0, events.height, dtype=pl.Int32, eager=True).rename("partition")
        return partition_column(events[self.port.partition_by], self.port.partitions).rename("partition")

    def _refusal(self, events: pl.DataFrame, position: int, broken: list[tuple[Rule, pl.Series]]) -> Declined:
        row = events.row(position, named=True)
        rule = next(rule for rule, rows in broken if rule.severity == "error" and rows[position])
        clear: dict[str, Any] = {f.name: row[f.name] for f in self._fields if not f.personal}
        return Declined(
            self.port, position, rule, row["_key"], json.dumps(clear, ensure_ascii=False).encode()
        )


def _filled(template: str, kinds: Mapping[str, str]) -> pl.Expr:
    """A template over wire forms; moments in whole seconds."""
    parts: list[pl.Expr] = []
    for text, name in re.findall(r"([^{}]+)|\{(\w+)\}", template):
        if text:
            parts.append(pl.lit(text))
        else:
            parts.append(pl.col(name) // SECOND if kinds[name] == "moment" else pl.col(name))
    return pl.concat_str(parts)
