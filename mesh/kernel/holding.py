"""Keys that are held: behind an invalid record the later ones of its key wait (rule 24 of the semantics).

Pure. What is held before a record is a function of what was parked and released before it, by offset, so that
it may be asked again for records that are read again, and does not depend on when it was learned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mesh.kernel.event import Event

if TYPE_CHECKING:
    from mesh.kernel.contract import Port
    from mesh.kernel.dead_letter import DeadLetter

WAITING = "waiting-behind"
RELEASED = "released"
HOLDS = frozenset({"undecodable", "schema-unknown", "key-mismatch", "event-time-ahead"})
"""Codes of rule 2: a record parked under one of them holds its key."""
UNCOUNTED = frozenset({WAITING, RELEASED})
"""Codes under which good records are parked; they count towards no limit."""

REDRIVE = "mesh-redrive"
"""Header of every redriven record, and of every release: the id of the redrive."""
REDRIVE_OF = "mesh-redrive-of"
"""Header of a redriven record: ``<partition>@<offset>`` of the dead letter's record."""
RELEASE = "mesh-release"
"""Header of a release: the greatest offset of what was redriven (or given up) of its key."""

_OFFSET = re.compile(rb"[0-9]{1,18}")

Headers = Sequence[tuple[str, bytes | None]]


class Verdict(NamedTuple):
    """Why a record is parked: a code, and one line."""

    code: str
    reason: str


class Hold(NamedTuple):
    """A key is held."""

    first: int
    """Offset of the invalid record that all others wait behind."""
    last: int
    """Offset of the last record that was parked since."""


class Mark(NamedTuple):
    """A record of a key that was parked."""

    verdict: Verdict
    covers: int = -1
    """What a release releases: everything up to this offset."""


def holds_keys(port: Port) -> bool:
    """Whether a key stands for several facts in order, so that later ones wait behind an invalid one."""
    return issubclass(port.record, Event) and port.key == f"{{{port.partition_by}}}"


def release_of(value: bytes | None, headers: Headers | None) -> int | None:
    """The offset up to which a record releases its key; None for a record that is no release."""
    if value is not None or not headers:
        return None
    named = dict(headers)
    covers = named.get(RELEASE) or b""
    return int(covers) if REDRIVE in named and _OFFSET.fullmatch(covers) else None


def is_redriven(headers: Headers | None) -> bool:
    """Whether a redrive has published a record."""
    return bool(headers) and any(name == REDRIVE for name, _ in headers or ())


class Holding:
    """What is held in one partition of one topic, by what one consumer has parked of it.

    Records without a value, and those of a key in :attr:`keys`, are shown to :meth:`verdict` before they are
    judged; what is judged invalid is told to :meth:`refused`. All else costs one look into ``keys``.
    """

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self.keys: dict[bytes, Trail] = {}
        """The keys of which anything was ever parked."""

    def verdict(
        self, offset: int, key: bytes | None, value: bytes | None, headers: Headers | None
    ) -> Verdict | None:
        """Why a record is parked without being judged; None when it is to be judged."""
        if key is None:
            return None
        covers = release_of(value, headers)
        if covers is not None:
            verdict = Verdict(RELEASED, f"releases its key up to offset {covers}")
            return self._note(offset, key, Mark(verdict, covers))
        trail = self.keys.get(key)
        if trail is None:
            return None
        if offset in trail.marks:  # read again: what was parked stays parked
            return trail.marks[offset].verdict
        hold = trail.hold(offset)
        if hold is None or is_redriven(headers):
            return None
        return self._note(offset, key, Mark(Verdict(WAITING, f"waits behind {self._partition}@{hold.first}")))

    def refused(self, offset: int, key: bytes | None, code: str, reason: str) -> None:
        """Take note that a record was judged invalid."""
        if key is not None and code in HOLDS:
            self._note(offset, key, Mark(Verdict(code, reason)))

    def recall(self, letter: DeadLetter) -> None:
        """Take note of what this consumer parked in an earlier life."""
        if letter.key is not None and (letter.code in HOLDS or letter.code in UNCOUNTED):
            covers = release_of(None, letter.headers) if letter.code == RELEASED else None
            mark = Mark(Verdict(letter.code, letter.reason), -1 if covers is None else covers)
            self._note(letter.offset, letter.key, mark)

    def _note(self, offset: int, key: bytes, mark: Mark) -> Verdict:
        trail = self.keys.get(key)
        if trail is None:
            trail = self.keys[key] = Trail()
        trail.add(offset, mark)
        return mark.verdict


class Trail:
    """What was parked of one key of a partition, by offset."""

    __slots__ = ("_newest", "_now", "marks")

    def __init__(self) -> None:
        self.marks: dict[int, Mark] = {}
        """In order of offsets."""
        self._newest = -1
        self._now: Hold | None = None

    def add(self, offset: int, mark: Mark) -> None:
        """Add what was parked at an offset; what is known of it already stands."""
        if offset in self.marks:
            return
        self.marks[offset] = mark
        if offset > self._newest:
            self._newest, self._now = offset, _after(self._now, offset, mark)
            return
        self.marks = dict(sorted(self.marks.items()))
        self._now = self._fold(self._newest + 1)

    def hold(self, offset: int | None = None) -> Hold | None:
        """Whether the key is held for a record at this offset; by default for the next one."""
        return self._now if offset is None or offset > self._newest else self._fold(offset)

    def _fold(self, end: int) -> Hold | None:
        hold = None
        for offset, mark in self.marks.items():
            if offset >= end:
                break
            hold = _after(hold, offset, mark)
        return hold


def _after(hold: Hold | None, offset: int, mark: Mark) -> Hold | None:
    if mark.verdict.code == RELEASED:
        return None if hold is None or mark.covers >= hold.last else hold
    return Hold(offset if hold is None else hold.first, offset)


def recalled(
    letters: Iterable[DeadLetter], consumer: str, places: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], Holding]:
    """What ``consumer`` holds in each place (topic, partition), from the dead letters of their topics."""
    holdings = {place: Holding(place[1]) for place in places}
    for letter in letters:
        holding = holdings.get((letter.topic, letter.partition))
        if holding is not None and letter.consumer == consumer:
            holding.recall(letter)
    return holdings
