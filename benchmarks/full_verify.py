"""The judgement of an output of the shape ``full``: what each row shows at the end, against the batch oracle.

The oracle is that of ``mesh reconcile``, given the facts as they were generated: it has read nothing back and
shares no code with any engine. Two engines that are both right are therefore equal. ``version`` may be zero,
which is what an engine writes that has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import polars as pl

from benchmarks.full_facts import Facts as Generated
from benchmarks.full_facts import Trade
from benchmarks.full_input import members, ports_of, stamped
from benchmarks.shape import FAULTS_TOLD, PARTITIONS, Judgement, Written
from domains.sales.events import OrderLineEnriched
from mesh.ingest.rules import PARENT
from mesh.reconcile.avro import Reader, column_types
from mesh.reconcile.compare import Finding, compare
from mesh.reconcile.facts import PLACE, Facts, facts_of
from mesh.reconcile.orders_enriched import order_lines
from mesh.reconcile.version import with_version
from schemas.derive import avro_schema
from schemas.wire import HEADER_SIZE, partition
from streams.engine.avro.varint import raw
from streams.engine.avro.walk import Walker

_KEY = ("order_id", "line_number")
_SLICE = 400_000
"""Rows that are compared at once."""
_DECODED = 20_000
_NO_VERSION = bytes(32)
_SCHEMA = avro_schema(OrderLineEnriched)
_PLAIN = {**_SCHEMA, "fields": [field for field in _SCHEMA["fields"] if field["name"] != "version"]}
_TYPES = {**column_types(_PLAIN), "version": pl.Binary}


def judge(written: Iterable[Written], trade: Trade, row_header: bytes) -> Judgement:
    """Judge every record's key and place, and the last record of every order line in all of its fields."""
    slices = 1 + trade.lines // _SLICE
    output = _Output(slices, row_header)
    for one in written:
        output.take(one)
    faults, distinct = output.faults, output.distinct
    facts = generated(trade)
    for number, some in enumerate(facts.slices(slices)):
        rows, landed = expected(some), output.rows(number)
        if landed.filter(pl.col("version") != pl.lit(_NO_VERSION)).is_empty():
            rows = rows.drop("version")
        found = compare("rows", _KEY, rows, landed)
        faults += [_told(finding) for finding in found.findings]
        if not found.equal:
            faults.append(
                f"{found.missing:,} rows are missing, {found.unexpected:,} unexpected, "
                f"{found.different:,} wrong"
            )
    return Judgement(output.count, distinct, tuple(faults))


def generated(trade: Trade) -> Facts:
    """What was published, as the oracle reads it."""
    ports = ports_of()
    frames: dict[str, list[pl.DataFrame]] = {}
    for facts in (*members(), *trade.facts()):
        name = facts.event.__name__.replace("Mastered", "Recorded")  # the oracle masters by itself
        frames.setdefault(name, []).append(_read(facts, stamped(facts, ports[facts.event])))
    return facts_of({name: pl.concat(some) for name, some in frames.items()})


def expected(facts: Facts) -> pl.DataFrame:
    """The rows as they must be, as plain values."""
    rows = with_version(order_lines(facts), OrderLineEnriched.__name__)
    return rows.select(pl.col(name).cast(kind) for name, kind in _TYPES.items())


class _Output:
    """What an engine wrote, the last record of each order line kept."""

    def __init__(self, slices: int, row_header: bytes) -> None:
        self._last: list[dict[bytes, bytes]] = [{} for _ in range(slices)]
        self._header = row_header
        self._walk = Walker(_SCHEMA, fields=("order_id", "account", "line_number"), until="product_id")
        self._ends = [
            self._walk.position[name] + end
            for name in ("order_id", "account", "line_number")
            for end in (0, 1)
        ]
        self._places: dict[bytes, int] = {}
        self.count = 0
        self.faults: list[str] = []

    @property
    def distinct(self) -> int:
        """How many order lines were written."""
        return sum(map(len, self._last))

    def take(self, one: Written) -> None:
        """Judge a record's frame, key and place, and keep it until its row is written again."""
        self.count += 1
        value = one.value
        if value is None or not value.startswith(self._header):
            self._fault(f"a record of partition {one.partition} is not an enriched row")
            return
        try:
            place = self._walk.walk(value, HEADER_SIZE)
        except (ValueError, IndexError) as error:
            self._fault(f"a record of partition {one.partition} cannot be read ({error})")
            return
        order, after_order, account, after_account, line, end = (place[n] for n in self._ends)
        key = _text(value[account:after_account])
        if key not in self._places:
            self._places[key] = partition(key, PARTITIONS)
        if one.key != key or one.partition != self._places[key]:
            self._fault(f"a row of {key.decode()} has the key {one.key!r} in partition {one.partition}")
            return
        rows = self._last[crc32(_text(value[order:after_order])) % len(self._last)]
        rows[value[order:after_order] + value[line:end]] = value

    def rows(self, number: int) -> pl.DataFrame:
        """The last records of a slice as plain values; the slice is then forgotten."""
        reader = Reader(_SCHEMA, _SCHEMA)
        values, self._last[number] = list(self._last[number].values()), {}
        frames = [pl.DataFrame(schema=_TYPES)]
        for start in range(0, len(values), _DECODED):
            rows = [reader.read(value) for value in values[start : start + _DECODED]]
            frames.append(pl.DataFrame(rows, schema=_TYPES))
        return pl.concat(frames)

    def _fault(self, words: str) -> None:
        if len(self.faults) < FAULTS_TOLD:
            self.faults.append(words)


def _text(field: bytes) -> bytes:
    """The text of an Avro string, without its length."""
    return field[raw(field, 0)[1] :]


def _read(facts: Generated, rows: pl.DataFrame) -> pl.DataFrame:
    """Generated facts with the columns of those that were read back: lists inside, and a place."""
    if facts.lines is not None:
        each = pl.struct(pl.exclude(PARENT)).alias("lines")
        inside = facts.lines.group_by(PARENT, maintain_order=True).agg(each)
        rows = rows.with_columns(inside["lines"])
    types = column_types(avro_schema(facts.event))
    return rows.select(
        *(pl.col(name).cast(kind) for name, kind in types.items()),
        *(pl.lit(0).cast(kind).alias(name) for name, kind in PLACE.items()),
    )


def _told(finding: Finding) -> str:
    key = " line ".join(map(str, finding.key))
    if not finding.column:
        return f"order {key} is {'missing' if finding.landed is None else 'not expected'}"
    return f"order {key}: its {finding.column} is {finding.landed!r}, not {finding.expected!r}"
