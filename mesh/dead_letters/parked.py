"""Parked records: what several consumers say of one record, put together, and whether it is still open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mesh.kernel.contract import Port
from mesh.kernel.dead_letter import DeadLetter
from mesh.kernel.holding import HOLDS, RELEASED, WAITING, Holding, Trail, holds_keys


class State(StrEnum):
    """What has become of a parked record."""

    OPEN = "open"
    """It has no effect, and nobody has done anything about it."""
    WAITING = "waiting"
    """It waits behind an open one of its key."""
    DONE = "redriven"
    """A redrive has published it anew."""
    DISCARDED = "discarded"
    """A redrive has given it up."""


class Place(NamedTuple):
    """Where a record stood: on a topic, or in a file that was to be published there."""

    topic: str
    partition: int
    offset: int
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}" if self.partition < 0 else f"{self.partition}@{self.offset}"


@dataclass(slots=True)
class Parked:
    """A record that at least one consumer has parked."""

    place: Place
    letters: list[DeadLetter] = field(default_factory=list)
    """What each consumer says, the first that parked it first."""
    state: State = State.OPEN
    held: bool = False
    """Whether a consumer holds its key since this record, or an earlier one."""
    behind: int | None = None
    """Offset of the record that it waits behind."""

    @property
    def letter(self) -> DeadLetter:
        """What the first consumer says that found a fault of its own in it, if any did."""
        return next((one for one in self.letters if one.code != WAITING), self.letters[0])

    @property
    def key(self) -> bytes | None:
        """The record's key."""
        return self.letters[0].key

    @property
    def code(self) -> str:
        """The code of its fault."""
        return self.letter.code

    @property
    def first_seen(self) -> datetime:
        """When it was parked first."""
        return min(letter.first_seen for letter in self.letters)

    @property
    def consumers(self) -> list[str]:
        """Who parked it."""
        return sorted({letter.consumer for letter in self.letters})

    @property
    def of_row(self) -> bool:
        """Whether it was a row of a file, and never on a topic."""
        return self.place.partition < 0


def parked_records(
    letters: Iterable[DeadLetter], ports: Mapping[str, Port], audit: Mapping[Place, State]
) -> list[Parked]:
    """Every parked record of these topics, in order of topic, partition and offset.

    ``audit`` says of records that nothing waits behind what redrives have done with them. Of a topic on which
    records wait, the consumers' own view decides: a record is open as long as one of them holds its key.
    """
    found: dict[Place, Parked] = {}
    holdings: dict[tuple[str, str, int], Holding] = {}
    for letter in letters:
        if letter.topic not in ports:
            continue
        if letter.partition >= 0 and holds_keys(ports[letter.topic]):
            lives = (letter.consumer, letter.topic, letter.partition)
            holdings.setdefault(lives, Holding(letter.partition)).recall(letter)
        if letter.code == RELEASED:
            continue
        place = Place(letter.topic, letter.partition, letter.offset, letter.file)
        parked = found.setdefault(place, Parked(place))
        if all(letter.consumer != known.consumer for known in parked.letters):
            parked.letters.append(letter)
    for place, parked in found.items():
        known = audit.get(place)
        trails = [
            trail
            for letter in parked.letters
            if letter.code in HOLDS or letter.code == WAITING
            if (trail := _trail(holdings, letter)) is not None
        ]
        if not trails:
            parked.state = known or State.OPEN
            continue
        holds = [
            hold
            for trail in trails
            if (hold := trail.hold()) is not None and hold.first <= place.offset <= hold.last
        ]
        if not holds:
            parked.state = known or State.DONE
            continue
        parked.state, parked.held = State.OPEN, True
        if parked.code == WAITING:
            parked.state, parked.behind = State.WAITING, min(hold.first for hold in holds)
    return [found[place] for place in sorted(found)]


def _trail(holdings: Mapping[tuple[str, str, int], Holding], letter: DeadLetter) -> Trail | None:
    holding = holdings.get((letter.consumer, letter.topic, letter.partition))
    return None if holding is None or letter.key is None else holding.keys.get(letter.key)


OPEN = (State.OPEN, State.WAITING)
"""The states of records that have no effect yet."""
