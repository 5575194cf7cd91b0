"""What is known of the ledger: which offsets are accounted for, which are missing, and where to look next.

Pure. For each partition of a topic that is landed, the sink has committed all offsets before its position,
so each of them must stand in the ledger or among the sink's dead letters. A round looks at what was committed
since the last one, and at a bounded stretch of the past, in rotation, so that an old gap is found too. A
missing offset is not yet a lost record:

- A record that was parked is known when its dead letter has landed. A gap is in suspense until the sink has
  read the dead letters that were there when the gap was found.
- Compaction removes records, and transactions leave marks that are no records. So the log itself is asked:
  only an offset at which it holds a record counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mesh.kernel.broker import Place


class Claim(NamedTuple):
    """Offsets ``start`` to before ``end`` of a partition: the sink says that they are accounted for."""

    place: Place
    start: int
    end: int


class Finding(NamedTuple):
    """What was found of a claim: which stretches have no row at all."""

    claim: Claim
    gaps: tuple[tuple[int, int], ...]


@dataclass
class Gap:
    """Offsets ``start`` to before ``end`` without a row.

    ``letters`` are the ends of the dead letters when it was found; ``missing`` is how many records the log
    holds there, None while the gap is in suspense.
    """

    start: int
    end: int
    letters: Mapping[Place, int]
    missing: int | None = None


@dataclass
class Account:
    """One partition. ``head`` is how far new offsets have been looked at; the first look began at ``join``.

    ``scrub`` is where the rotation through the past stands; ``whole`` says that it has once been all the way.
    """

    start: int
    join: int
    head: int
    scrub: int
    whole: bool
    gaps: list[Gap] = field(default_factory=list)

    @property
    def verified(self) -> int:
        """Every offset before this one, of those that are still kept, is accounted for."""
        looked = self.head if self.whole else min(self.scrub, self.join)
        return min([looked, *(gap.start for gap in self.gaps if gap.missing != 0)])

    @property
    def drift(self) -> int:
        """Records that are surely missing."""
        return sum(gap.missing or 0 for gap in self.gaps)

    def go_back(self, position: int) -> None:
        """Forget what lies at ``position`` and beyond."""
        self.head = position
        self.join, self.scrub = min(self.join, position), min(self.scrub, position)
        kept = [gap for gap in self.gaps if gap.start < position]
        self.gaps = [gap if gap.end <= position else Gap(gap.start, position, gap.letters) for gap in kept]


class Book:
    """The accounts of all partitions."""

    def __init__(self) -> None:
        self.accounts: dict[Place, Account] = {}
        self._turn: list[Place] = []

    def open(self, committed: Mapping[Place, int], starts: Mapping[Place, int]) -> None:
        """Take the sink's positions, and the first offsets that are kept.

        A partition that is new here begins at its position, and its past is left to the rotation. Where the
        sink has gone back, it will read again, and so it is looked at again.
        """
        for place, position in committed.items():
            start = starts.get(place, 0)
            account = self.accounts.get(place)
            if account is None:
                head = max(position, start)
                self.accounts[place] = Account(start, head, head, start, whole=head == start)
                self._turn.append(place)
            else:
                account.start = max(account.start, start)
                account.scrub = max(account.scrub, account.start)
                if position < account.head:
                    account.go_back(max(position, account.start))

    def news(self, committed: Mapping[Place, int], budget: int) -> list[Claim]:
        """What was committed since the last look, ``budget`` offsets a partition at the most."""
        claims = []
        for place, account in self.accounts.items():
            end = min(committed.get(place, 0), account.head + budget)
            if end > account.head:
                claims.append(Claim(place, account.head, end))
        return claims

    def past(self, budget: int) -> list[Claim]:
        """The next stretch of the past, ``budget`` offsets in all: partition after partition, then anew."""
        claims = []
        for place in list(self._turn):
            account = self.accounts[place]
            end = min(account.head, account.scrub + budget)
            if end > account.scrub:
                claims.append(Claim(place, account.scrub, end))
                budget -= end - account.scrub
            if budget <= 0:
                break
            self._turn.append(self._turn.pop(0))
        return claims

    def looked(self, finding: Finding, letters: Mapping[Place, int]) -> None:
        """Enter what was found of a claim; ``letters`` are the ends of the dead letters, asked since."""
        place, start, end = finding.claim
        account = self.accounts[place]
        for first, last in finding.gaps:
            account.gaps += [Gap(*free, letters) for free in _outside(first, last, account.gaps)]
        account.gaps.sort(key=lambda gap: gap.start)
        if start == account.head:
            account.head = end
        elif start == account.scrub:
            account.scrub = end
            if end >= account.head:
                account.scrub, account.whole = account.start, True
            elif end >= account.join:
                account.whole = True

    @property
    def whole(self) -> bool:
        """Whether the rotation has been through the past of every partition."""
        return all(account.whole for account in self.accounts.values())

    def doubtful(self) -> list[tuple[Place, Gap]]:
        """Every gap that the log does not explain, with its partition."""
        return [
            (place, gap)
            for place, account in self.accounts.items()
            for gap in account.gaps
            if gap.missing != 0
        ]

    def shrunk(self, place: Place, gap: Gap, left: list[tuple[int, int]]) -> None:
        """A gap was looked at again, and ``left`` are the stretches of it that still have no row."""
        account = self.accounts[place]
        if left == [(gap.start, gap.end)]:
            return
        account.gaps.remove(gap)
        account.gaps += [Gap(first, last, gap.letters) for first, last in left]
        account.gaps.sort(key=lambda one: one.start)

    def in_suspense(self, read: Mapping[Place, int]) -> Iterator[tuple[Place, Gap]]:
        """Gaps for which the log is to be asked: all dead letters of their time are ``read`` by the sink."""
        for place, gap in self.doubtful():
            if gap.missing is None and all(read.get(p, 0) >= end for p, end in gap.letters.items()):
                yield place, gap


def _outside(start: int, end: int, gaps: list[Gap]) -> Iterator[tuple[int, int]]:
    """The stretches of ``start`` to before ``end`` that no known gap covers."""
    for gap in gaps:
        if gap.end <= start or gap.start >= end:
            continue
        if gap.start > start:
            yield start, gap.start
        start = gap.end
    if start < end:
        yield start, end
