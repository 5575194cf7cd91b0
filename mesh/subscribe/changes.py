"""A topic as the table that it stands for: what changes in it, and what is in it now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import Message

from mesh.kernel.contract import Port
from mesh.kernel.errors import SubscribeError
from mesh.kernel.holding import release_of
from mesh.subscribe.feed import Owner, Source
from mesh.subscribe.intake import Intake, Received, Rejected
from mesh.subscribe.newest import Entity, Kind, Newest, written
from mesh.subscribe.state import Parked, State, recall
from mesh.subscribe.subscription import Subscription

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SILENT = 2_000
"""Records without effect after which the state is made final, so that no transaction grows for ever."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is newly known of one entity."""

    key: Entity
    """The values of the table's key, such as an order's id and the number of its line."""
    kind: Kind
    """``upsert``: this is its row now; ``delete``: it has none any more, ``values`` are those of its last
    record."""
    values: dict[str, Any]
    """Every field, in the Python types of the event's class; personal text masked unless asked for
    in clear."""
    version: int
    """How new this is: ``seq`` or ``version`` of the record; never less than that of the change before."""
    partition: int
    offset: int
    published_at: datetime

    def __getitem__(self, field: str) -> Any:
        return self.values[field]


class Changes(Subscription[Change]):
    """The newest knowledge of each entity of a topic, as it comes; a repeat and what is outdated say nothing.

    Each partition has a state of its own (:mod:`mesh.subscribe.state`), which is the fold of a prefix of the
    partition. Changes are told from the greater of two places on, that of the state and that which the group
    has committed: what lies between the state and the group's place was told by another process, and is only
    folded.
    """

    def __init__(
        self,
        port: Port,
        intake: Intake,
        feed: Callable[[Owner], Source],
        *,
        state: Path | None = None,
        shared: bool = False,
        **options: Any,
    ) -> None:
        self._newest = Newest(port)
        self._folder = state
        self._shared = shared
        self._states: dict[int, State] = {}
        self._silent = 0
        super().__init__(port.topic, intake, feed, **options)
        self._decode = intake.decode

    def snapshot(self) -> Iterator[Change]:
        """The rows of the table as of now, of the partitions that this process has, each as an ``upsert``.

        Reads up to where the topic ends at this moment; iterating the subscription then goes on from there.
        Nothing of what lies before is told again, so whoever keeps rows in memory takes them at each start.
        """
        self._finish()
        self._feed.mark()
        while not self._feed.at_end:
            self._take_silently()
        self._finish()
        return self._rows()

    def assigned(self, partitions: Sequence[int], committed: Mapping[int, int]) -> Mapping[int, int]:
        """Open the state of each partition; begin where it ends."""
        super().assigned(partitions, committed)
        topic_id = self._feed.topic_id
        for partition in partitions:
            state = self._states[partition] = self._state(partition, topic_id)
            if partition in self._holdings:
                for mark in state.parked():
                    recall(self._holdings[partition], mark)
        return {partition: state.next_offset for partition, state in self._states.items()}

    def revoked(self, *, lost: bool) -> None:
        """Give the states back as they were when the last item was finished."""
        super().revoked(lost=lost)
        for state in self._states.values():
            state.close()
        self._states = {}

    def _state(self, partition: int, topic_id: str) -> State:
        path = None if self._folder is None else self._folder / self.topic / f"{partition}.sqlite"
        try:
            return State(path, topic_id)
        except SubscribeError as taken:
            # In a group the broker tells who owns a partition. Who still has the file has lost it and does
            # not know yet; the state can be computed again.
            if taken.code == "state-taken" and self._shared:
                return State(None, topic_id)
            raise

    def _admit(self, received: Received, value: bytes) -> Change | None:
        change = self._fold(received, value)
        if change is not None and received.offset >= self._told.get(received.partition, 0):
            return change
        self._silent += 1
        if self._silent >= _SILENT and not self._open:
            self._finish()
        return None

    def _fold(self, received: Received, value: bytes) -> Change | None:
        state, newest, values = self._states[received.partition], self._newest, received.values
        entity = newest.entity(values)
        name = written(entity)
        held, kind = newest.fold(state.held(name), values, value)
        if held is not None:
            published_ms = (received.published_at - _EPOCH) // timedelta(milliseconds=1)
            state.hold(name, held, received.offset, published_ms)
        if kind is None:
            return None
        shown = self._intake.shown(values)
        rank, place = newest.rank(values), (received.partition, received.offset)
        return Change(entity, kind, shown, rank, *place, received.published_at)

    def _reject(self, rejected: Rejected, message: Message) -> None:
        super()._reject(rejected, message)
        if rejected.partition in self._holdings:
            covers = release_of(message.value(), message.headers())
            parked = Parked(message.offset(), message.key(), rejected.code, rejected.reason, covers)
            self._states[rejected.partition].park(parked)

    def _take_silently(self) -> None:
        if self._take(0.1) is not None:
            self._silent += 1
            if self._silent >= _SILENT:
                self._finish()

    def _settle(self, finished: Mapping[int, int]) -> None:
        self._silent = 0
        for partition, offset in finished.items():
            self._states[partition].commit(offset)

    def _rows(self) -> Iterator[Change]:
        for partition, state in self._states.items():
            for value, offset, published_ms in state.live():
                values = self._decode(value)
                entity, rank = self._newest.entity(values), self._newest.rank(values)
                published_at = _EPOCH + timedelta(milliseconds=published_ms)
                yield Change(
                    entity, "upsert", self._intake.shown(values), rank, partition, offset, published_at
                )
