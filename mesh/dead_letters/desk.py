"""The desk where dead letters are handled: broker, registry and warehouse behind the pure parts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesh.dead_letters import audit, difference
from mesh.dead_letters.difference import Difference
from mesh.dead_letters.mending import Edit, Mended
from mesh.dead_letters.parked import OPEN, Parked, Place, State, parked_records
from mesh.dead_letters.plan import Action, Held, Lot, Planner, Step, held_keys
from mesh.dead_letters.redrive import Redriver, ready
from mesh.dead_letters.selection import Selection
from mesh.dead_letters.topic_log import SourceRecord, TopicLog
from mesh.dead_letters.verdicts import Verdicts
from mesh.kernel.clock import now
from mesh.kernel.contract import Port
from mesh.kernel.dead_log import read_dead_letters
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import DeadLetterError
from mesh.kernel.settings import Settings
from mesh.kernel.warehouse import connect
from mesh.publish.check import Checker
from schemas.codec import Codecs
from schemas.registry import Registry, schema_ids

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ROUNDS = 5
"""How often a redrive comes back for records that were published while it worked."""
_POLL = 0.5


@dataclass(frozen=True)
class Order:
    """What a redrive is asked to do."""

    selection: Selection
    edit: Edit | None = None
    discard: bool = False


@dataclass
class Proposal:
    """What a redrive would do, and what that would change."""

    lots: list[Lot]
    differences: dict[Place, Difference] = field(default_factory=dict)

    @property
    def moving(self) -> list[Lot]:
        """The lots of which something can be redriven."""
        return ready(self.lots)

    @property
    def staying(self) -> list[Lot]:
        """The lots of which something stays."""
        return [lot for lot in self.lots if lot.left]


class Desk:
    """Finds, judges and redrives. Raises :class:`mesh.kernel.errors.MeshError` in one clear line."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.mesh = find_mesh(settings)
        self._warehouse: Client | None = None
        self._verdicts: Verdicts | None = None

    def parked(self, topic: str | None = None) -> list[Parked]:
        """Every parked record, of one topic or of all. Raises ``topic-unknown``."""
        ports = list(self.mesh.ports.values()) if topic is None else [self.mesh.port(topic)]
        letters = read_dead_letters(self.settings.kafka, [port.dead_letters for port in ports])
        return parked_records(letters, {port.topic: port for port in ports}, self._outcomes())

    @property
    def warehouse(self) -> Client:
        """The warehouse, which has the audit and the landed rows."""
        if self._warehouse is None:
            self._warehouse = connect(self.settings)
        return self._warehouse

    @property
    def verdicts(self) -> Verdicts:
        """What the code and the schemas of today say."""
        if self._verdicts is None:
            self._verdicts = Verdicts(schema_ids(self.settings), Codecs(Registry(self.settings.registry)))
        return self._verdicts

    def propose(self, order: Order, *, differences: bool = True) -> Proposal:
        """What a redrive would do now. Raises when what is meant is not parked, or the edit is refused."""
        parked = self.parked(order.selection.topic)
        chosen = [one for one in order.selection.of(parked) if one.state in OPEN]
        if order.edit is not None and order.edit.event is not None:
            _require_one(chosen)
        planner = self._planner(order, frozenset(one.place for one in chosen))
        meant = {one.place for one in chosen}
        held = {key: some for key, some in held_keys(parked).items() if meant & {one.place for one in some}}
        lots = [planner.single(one) for one in chosen if not one.held] + self._held(planner, held)
        return Proposal(lots, self._differences(lots) if differences else {})

    def redrive(self, order: Order, proposal: Proposal, redrive: str, who: str) -> tuple[int, Proposal]:
        """Publish what moves, and what was published of the same keys meanwhile; count, and what is left."""
        redriver = Redriver(self.settings.kafka, self.warehouse, redrive, who)
        moved = [
            Held(lot.port.topic, lot.partition, lot.key)
            for lot in proposal.moving
            if lot.key is not None and lot.releases is not None
        ]
        count = redriver.publish(proposal.moving, now())
        left = proposal.staying
        for _ in range(ROUNDS):
            late = self._late(order, moved)
            stuck = [lot for lot in late if lot.left]
            if not ready(late):
                return count, Proposal(left + stuck)
            count += redriver.publish(ready(late), now())
        return count, Proposal(left + self._late(order, moved))

    def taken_in(self, lots: Sequence[Lot], timeout: float) -> list[str]:
        """Wait until no consumer holds the keys of these lots; who still does after ``timeout`` seconds."""
        keys = {(lot.port.topic, lot.partition, lot.key) for lot in lots if lot.releases is not None}
        topics = {topic for topic, _, _ in keys}
        deadline = time.monotonic() + timeout
        while keys:
            still = [
                one
                for topic in topics
                for one in self.parked(topic)
                if one.held and (topic, one.place.partition, one.key) in keys
            ]
            if not still or time.monotonic() > deadline:
                return sorted({consumer for one in still for consumer in one.consumers})
            time.sleep(_POLL)
        return []

    def _outcomes(self) -> dict[Place, State]:
        return audit.outcomes(self.warehouse)

    def _late(self, order: Order, moved: Sequence[Held]) -> list[Lot]:
        """The lots of records that came between the reading of their keys and the release."""
        planner = self._planner(Order(order.selection), frozenset())
        parked = held_keys(self.parked(order.selection.topic))
        return self._held(planner, {held: parked[held] for held in moved if held in parked})

    def _held(self, planner: Planner, parked: Mapping[Held, list[Parked]]) -> list[Lot]:
        """The lots of held keys, which may be none; each partition is read once."""
        starts: dict[tuple[str, int], int] = {}
        for held, some in parked.items():
            place = held.topic, held.partition
            starts[place] = min(starts.get(place, some[0].place.offset), some[0].place.offset)
        records: dict[Held, list[SourceRecord]] = {held: [] for held in parked}
        with TopicLog(self.settings.kafka) as log:
            for (topic, partition), start in starts.items():
                for record in log.stretch(topic, partition, start):
                    held = Held(topic, partition, record.key or b"")
                    if held in records:
                        records[held].append(record)
        lots = (
            planner.held(held, some, [one for one in records[held] if one.offset >= some[0].place.offset])
            for held, some in parked.items()
        )
        return [lot for lot in lots if lot is not None]

    def _planner(self, order: Order, chosen: frozenset[Place]) -> Planner:
        checker = Checker(self.mesh)

        def judge(port: Port, key: bytes | None, value: bytes | None) -> tuple[str, str] | None:
            return self.verdicts.refusal(port, key, value, int(now().timestamp() * 1000))

        def mend(port: Port, place: Place, value: bytes | None) -> Mended:
            assert order.edit is not None
            return order.edit.mend(
                port, self.verdicts.fields(port, value), checker, self.verdicts.codec(port)
            )

        edited = None if order.edit is None else mend
        handled = frozenset(self._outcomes())
        return Planner(self.mesh.ports, judge, chosen, edited, order.discard, handled)

    def _differences(self, lots: Sequence[Lot]) -> dict[Place, Difference]:
        facts = [
            (lot.port, step, fields)
            for lot, step in _published(lots)
            if (fields := self.verdicts.fields(lot.port, step.value)) is not None
        ]
        with TopicLog(self.settings.kafka) as log:
            rows = difference.landed(
                self.warehouse, log, self.verdicts.fields, [(port, fields) for port, _, fields in facts]
            )
        return {step.place: rows[port.topic].difference(port, fields) for port, step, fields in facts}


def _published(lots: Sequence[Lot]) -> Iterator[tuple[Lot, Step]]:
    for lot in lots:
        yield from ((lot, step) for step in lot.moving if step.action is Action.PUBLISH)


def _require_one(chosen: Sequence[Parked]) -> None:
    bad = [one for one in chosen if one.behind is None]
    if len(bad) != 1:
        raise DeadLetterError(
            "edit-invalid",
            f"one event cannot take the place of {len(bad)} records",
            place="--edit",
            remedy="choose one with --at PARTITION@OFFSET, or set single fields with --set",
        )
