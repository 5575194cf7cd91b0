"""The fold of one partition: facts in, rows of orders-enriched and changelog entries out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping

from mesh.kernel.errors import StreamError
from streams.engine.avro.varint import decode_long, encode_long
from streams.engine.fold import Emission, Fetched, Output, OutputRow, Rejection
from streams.facts import (
    REFUSALS,
    Fact,
    Reader,
    check_event_time,
    check_key,
    text_of,
)
from streams.orders_enriched import order, topics
from streams.orders_enriched.dimensions import Change, Dimensions
from streams.orders_enriched.intake import CustomerIntake, Intake, OrderIntake, PartIntake, ReturnIntake
from streams.orders_enriched.kernel import compiled
from streams.orders_enriched.layout import Layout
from streams.orders_enriched.owed import Owed, Owing
from streams.orders_enriched.splice import Splice
from streams.orders_enriched.state import Index, State

_NEVER = -(1 << 63)
_CLOCK_TAG = b"K"
"""Changelog entries of clocks that no fact in it tells; the key ends in the moment, the value repeats it."""


class EnrichedFold:
    """One partition of orders-enriched; see :class:`streams.engine.fold.PartitionFold`.

    Changelog entries: tag, identity of the fact, raw ``seq`` -> the event in canonical form. They never
    change, so it does not matter which of several writers wrote last, nor what compaction leaves.
    """

    def __init__(
        self,
        partition: int,
        shared: Dimensions,
        readers: Mapping[str, Reader],
        layout: Layout,
        frames: Mapping[str, bytes],
    ) -> None:
        self._partition = partition
        self._shared = shared
        self._readers = readers
        self._frames = frames
        cut = readers[topics.ORDER].cut
        assert cut is not None
        self._state = state = State(cut)
        self._owed = owed = Owed()
        self._changelog: list[tuple[bytes, bytes]] = []
        self._clock = _NEVER
        self._clock_owed: int | None = None
        self._clock_recovered = False
        self._splice = Splice(frames[topics.ENRICHED], layout, shared.members, state)
        self._intakes: dict[str, Intake] = {
            topics.CUSTOMER: CustomerIntake(readers[topics.CUSTOMER], state, owed, layout.block("customer")),
            topics.ORDER: OrderIntake(readers[topics.ORDER], state, owed),
            topics.RETURN: ReturnIntake(readers[topics.RETURN], state, owed),
        }
        for topic, part in topics.PARTS.items():
            block = layout.block(part.prefix)
            self._intakes[topic] = PartIntake(readers[topic], state, owed, part, block)
        self._compiled = compiled(
            readers, self._intakes, layout, shared.members, state, frames[topics.ENRICHED]
        )
        self._topics = {intake.tag: topic for topic, intake in self._intakes.items()}
        self._indexes: dict[str, Index] = {
            topics.PRODUCT: state.by_product,
            topics.LOCATION: state.by_location,
            topics.EMPLOYEE: state.by_employee,
        }

    def fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Take in records; see :meth:`streams.engine.fold.PartitionFold.fold`."""
        intake = self._compiled and self._compiled.intakes.get(topic)
        if intake is None:
            yield from self._fold(topic, records)
            return
        left = iter(records)
        while True:
            record, clock, owed = intake.take(left, self._changelog, self._clock, self._clock_recovered)
            if owed is not None:
                self._clock, self._clock_owed, self._clock_recovered = clock, owed, False
            if record is None:
                return
            yield from self._fold(topic, (record,))

    def _fold(self, topic: str, records: Iterable[Fetched]) -> Iterator[Rejection]:
        """Take in records of any form, one by one."""
        reader, intake = self._readers[topic], self._intakes[topic]
        account = reader.place("account")
        clocked = topic != topics.CUSTOMER
        for record in records:
            _, timestamp, key, value, _ = record
            moment = _NEVER
            try:
                fact = reader.read(value)
                offsets = fact.offsets
                check_key(key, text_of(fact.value[offsets[account] : offsets[account + 1]]))
                if clocked:
                    moment = reader.occurred_at(fact)
                    check_event_time(moment, timestamp)
                identity, new = intake.take(fact, timestamp)
            except REFUSALS as refusal:
                yield Rejection(record, refusal.code, str(refusal))
                continue
            if new:
                self._changelog.append((intake.tag + identity + encode_long(fact.seq), fact.value))
            if clocked and (moment >= self._clock or self._clock_recovered):
                self._advance(moment, timestamp, logged=new)

    def _advance(self, moment: int, timestamp: int, *, logged: bool) -> None:
        """Owe the clock: when it grows, when the fact that set it is repeated, and once after a recovery."""
        self._clock_recovered = False
        self._clock_owed = timestamp
        if moment > self._clock:
            self._clock = moment
            if not logged:  # a repeated fact whose envelope tells a later time
                moment_bytes = encode_long(moment)
                self._changelog.append((_CLOCK_TAG + moment_bytes, moment_bytes))

    def correct(self, changes: Iterable[Hashable]) -> None:
        """Mark the rows that show these versions; see :meth:`streams.engine.fold.PartitionFold.correct`."""
        for change in changes:
            assert isinstance(change, Change)
            first, last = self._shared.span(change)
            index = self._indexes[change.topic]
            for order_id, revision in self._state.placed_within(index, change.member, first, last):
                self._mark(order_id, order.unpack_revision(revision), change)

    def _mark(self, order_id: bytes, revision: order.Revision, change: Change) -> None:
        member = change.member
        if change.topic == topics.PRODUCT:
            for _, number, product in self._state.lines(revision):
                if product == member:
                    self._owed.line(order_id, number, change.timestamp)
        elif change.topic == topics.LOCATION:
            if member in (revision.location_id[1:], revision.territory_id[1:]):
                self._owed.order(order_id, change.timestamp)
        elif revision.employee_id[1:] == member:
            self._owed.order(order_id, change.timestamp)

    def take(self, limit: int) -> Emission | None:
        """The next rows owed; see :meth:`streams.engine.fold.PartitionFold.take`."""
        if not (self._owed or self._changelog or self._clock_owed is not None):
            return None
        emission = Emission(changelog=self._changelog[:limit])
        self._changelog = self._changelog[limit:]
        rows: list[OutputRow] = []
        while len(rows) < limit and (owed := self._owed.next()) is not None:
            packed = self._state.entries.get(owed.order_id)
            if packed is not None and order.ordered_at(packed) is not None:
                self._add_rows(owed, packed, rows)
        if rows:
            emission.outputs.append(Output(topics.ENRICHED, rows, self._partition))
        if not self._owed and self._clock_owed is not None:
            emission.outputs.append(Output(topics.CLOCK, [self._clock_row(self._clock_owed)], 0))
            self._clock_owed = None
        return emission if emission.outputs or emission.changelog else None

    def _add_rows(self, owed: Owing, packed: bytes, rows: list[OutputRow]) -> None:
        amended = self._state.amended.get(owed.order_id)
        rows_of = self._compiled.rows.add if self._compiled and amended is None else _no_kernel
        if not rows_of(packed, owed.timestamp, owed.lines, rows):
            self._splice.rows(owed, order.unpack(packed), amended, rows)

    def _clock_row(self, timestamp: int) -> OutputRow:
        value = self._frames[topics.CLOCK] + encode_long(self._partition) + encode_long(self._clock)
        return str(self._partition).encode(), value, timestamp

    def recover(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Take in changelog entries; see :meth:`streams.engine.fold.PartitionFold.recover`."""
        if self._compiled is not None:
            self._clock, entries = self._compiled.recover(entries, self._clock)
        for key, value in entries:
            if key.startswith(_CLOCK_TAG):
                self._clock = max(self._clock, decode_long(value, 0, len(value)))
                continue
            topic = self._topics[key[:1]]
            fact = self._recovered(topic, value)
            self._intakes[topic].take(fact, None)
            if topic != topics.CUSTOMER:
                self._clock = max(self._clock, self._readers[topic].occurred_at(fact))
        self._clock_recovered = self._clock != _NEVER

    def _recovered(self, topic: str, value: bytes) -> Fact:
        try:
            return self._readers[topic].read(value)
        except REFUSALS as problem:
            raise StreamError(
                "changelog-unreadable",
                f"an entry of {topic} cannot be read: {problem}",
                place=f"partition {self._partition}",
                remedy="delete the changelog and read the inputs again from the beginning",
            ) from None


def _no_kernel(*_: object) -> bool:
    """Every order is left to Python."""
    return False
