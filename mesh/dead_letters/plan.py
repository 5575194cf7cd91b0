"""What a redrive would publish: of each key what waits, in order, up to a record that stays invalid. Pure.

What waits behind that one must not overtake it, and so the key is released only when nothing stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mesh.dead_letters.mending import Mended
from mesh.dead_letters.parked import Parked, Place
from mesh.dead_letters.topic_log import SourceRecord
from mesh.kernel.contract import Port
from mesh.kernel.holding import REDRIVE_OF, WAITING, is_redriven, release_of

_OF = re.compile(rb"([0-9]{1,9})@([0-9]{1,18})")


class Action(StrEnum):
    """What is done with a record."""

    PUBLISH = "publish"
    DISCARD = "discard"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Step:
    """One record, and what is done with it."""

    place: Place
    cause: str
    """The code under which it is parked; empty when nobody has parked it yet."""
    action: Action
    key: bytes | None = None
    value: bytes | None = None
    partition: int = -1
    """Where it is published."""
    edited: tuple[str, ...] | None = None
    """The fields that an edit gives; None without an edit."""
    reason: str = ""
    """Why it stays."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What moves together: the records of one held key in their order, or a record that holds nothing."""

    port: Port
    partition: int
    key: bytes | None
    steps: list[Step] = field(default_factory=list)
    covers: int | None = None
    """The greatest offset of the key that is known; None where nothing is held."""

    @property
    def moving(self) -> list[Step]:
        """What can be redriven: everything before the first record that stays."""
        return self.steps[: self._stop]

    @property
    def left(self) -> list[Step]:
        """The first record that stays, and everything behind it."""
        return self.steps[self._stop :]

    @property
    def releases(self) -> int | None:
        """Up to where the key is released afterwards; None where it is not, or was not held."""
        return None if self.left else self.covers

    @property
    def _stop(self) -> int:
        stays = (n for n, step in enumerate(self.steps) if step.action is Action.STAY)
        return next(stays, len(self.steps))


class Held(NamedTuple):
    """A key that somebody holds."""

    topic: str
    partition: int
    key: bytes


Judge = Callable[[Port, bytes | None, bytes | None], "tuple[str, str] | None"]
"""Code and reason why a record would be invalid if it were published now; None when it would be valid."""
Mend = Callable[[Port, Place, bytes | None], Mended]
"""Applies the edit to a value."""


@dataclass(frozen=True)
class Planner:
    """Plans with a judge of today. What is invalid of the ``chosen`` is edited by ``mend``, or given up.

    ``handled`` are the records that earlier redrives have published or given up, by the audit.
    """

    ports: Mapping[str, Port]
    judge: Judge
    chosen: frozenset[Place]
    mend: Mend | None = None
    discard: bool = False
    handled: frozenset[Place] = frozenset()

    def single(self, parked: Parked) -> Lot:
        """The lot of a record that holds nothing."""
        port, place, letter = self.ports[parked.place.topic], parked.place, parked.letter
        lot = Lot(port, place.partition, letter.key)
        if parked.of_row:
            reason = "a row of a file: mend the file or its mapping, and `mesh ingest` it again"
            lot.steps.append(Step(place, parked.code, Action.STAY, reason=reason))
        elif parked.code == "revision-conflict" and self.mend is None and not self.discard:
            reason = (
                "another record has its seq: give it its own with --set seq=N, or give it up with --discard"
            )
            lot.steps.append(Step(place, parked.code, Action.STAY, reason=reason))
        else:
            lot.steps.append(self._step(port, place, parked.code, letter.key, letter.value))
        return lot

    def held(self, held: Held, parked: Sequence[Parked], records: Sequence[SourceRecord]) -> Lot | None:
        """The lot of a held key; ``parked`` are its open records, ``records`` all of it since the first.

        None when an earlier redrive has published everything, and the consumers have only to read it.
        """
        port = self.ports[held.topic]
        parked_at = {one.place.offset: one for one in parked}
        # What the topic no longer has is known from its dead letter; the rest is met below.
        waits = {
            offset: (one.letter.key, one.letter.value)
            for offset, one in parked_at.items()
            if not records or offset < records[0].offset
        }
        redriven: set[int] = set()
        free = False
        for record in records:
            covers = release_of(record.value, record.headers)
            if covers is not None:
                waits = {offset: parts for offset, parts in waits.items() if offset > covers}
                free = not waits
            elif is_redriven(record.headers):
                redriven.update(_of(held.partition, record.headers))
                if record.offset in parked_at:
                    waits[record.offset] = record.key, record.value
            elif not free or record.offset in parked_at:
                waits[record.offset] = record.key, record.value
                free = False
        if not waits:
            return None
        lot = Lot(port, held.partition, held.key, covers=max(waits))
        for offset in sorted(waits.keys() - redriven):
            one = parked_at.get(offset)
            place = Place(held.topic, held.partition, offset)
            if place in self.handled:
                continue
            lot.steps.append(self._step(port, place, one.code if one else "", *waits[offset]))
        return lot

    def _step(self, port: Port, place: Place, cause: str, key: bytes | None, value: bytes | None) -> Step:
        refused = self.judge(port, key, value)
        if place in self.chosen and (refused is not None or cause != WAITING):
            if self.discard:
                return Step(place, cause, Action.DISCARD)
            if self.mend is not None:
                mended = self.mend(port, place, value)
                return Step(
                    place, cause, Action.PUBLISH, mended.key, mended.value, mended.partition, mended.edited
                )
        if refused is not None:
            return Step(place, cause or refused[0], Action.STAY, reason=": ".join(refused))
        return Step(place, cause, Action.PUBLISH, key, value, place.partition)


def _of(partition: int, headers: Iterable[tuple[str, bytes]]) -> Iterable[int]:
    """The offset of the record of this partition that a redriven one takes the place of."""
    found = (_OF.fullmatch(content) for name, content in headers if name == REDRIVE_OF)
    return [int(match[2]) for match in found if match is not None and int(match[1]) == partition]


def held_keys(parked: Iterable[Parked]) -> dict[Held, list[Parked]]:
    """The open records of each held key, in order of their offsets."""
    found: dict[Held, list[Parked]] = {}
    for one in parked:
        if one.held and one.key is not None:
            found.setdefault(Held(one.place.topic, one.place.partition, one.key), []).append(one)
    return found
