"""What is known about one golden customer: registers of its accounts' summaries and of their facets."""

from __future__ import annotations

from collections.abc import Mapping

from streams.customer_360.facets import NAMES
from streams.customer_360.numbers import text_end, text_of
from streams.customer_360.segment import Assignment
from streams.facts import RevisionConflictError

Score = int
"""Units and net of a facet as one number that orders as they do, units first; scores are added up."""
Favourite = tuple[Score, bytes] | None
"""The score of a facet and the facet; None where there is none of its name."""

_NET = 96
_SCORE = 176
"""Bits of a score, made positive by a bias; above them whether there is one, and above that how new it is."""
_BIAS = 1 << _SCORE - 1
_PRESENT = 1 << _SCORE
_RANK = _SCORE + 1
_VERSION = 256
_MEMBERSHIP = _RANK + _VERSION


def score(units: int, net: int) -> Score:
    """The score of a facet with this many units and this net amount."""
    return (units << _NET) + net


class Member:
    """An account that belongs to a golden id, or did. ``summary`` is the framed record, of a member only."""

    __slots__ = ("facets", "is_member", "membership", "summary", "version")

    def __init__(self) -> None:
        self.membership = -1  # lower than every register: only facets are known yet
        self.is_member = False
        self.version = 0
        self.summary = b""
        self.facets: dict[bytes, int] = {}  # membership, version, presence and score in one number

    def score(self, facet: bytes) -> Score | None:
        """The score of a facet; None when the account has none, or had it under an earlier membership."""
        known = self.facets.get(facet)
        if known is None or not known & _PRESENT or known >> _MEMBERSHIP != self.membership:
            return None
        return (known & (_PRESENT - 1)) - _BIAS


class Golden:
    """The state of one golden id. Accounts and facets (:mod:`streams.customer_360.facets`) are Avro bytes."""

    __slots__ = ("_top", "assignments", "cause", "members")

    def __init__(self) -> None:
        self.assignments: tuple[Assignment, ...] = ()  # every revision, the newest last
        self.members: dict[bytes, Member] = {}
        self._top: dict[bytes, Favourite] = {}  # by name; missing: to be looked for
        self.cause = 0  # Kafka timestamp of the record that touched it last, ms

    def put_summary(
        self, account: bytes, membership: int, version: int, is_member: bool, value: bytes
    ) -> bool:
        """Take in a summary or a departure; False when it is outdated. Of equal ones the last holds."""
        member = self._member(account)
        if membership < member.membership or (membership == member.membership and version < member.version):
            return False
        if membership != member.membership:
            member.membership, member.is_member = membership, is_member
            # What was said under an earlier membership says nothing any more.
            member.facets = {
                facet: known for facet, known in member.facets.items() if known >> _MEMBERSHIP >= membership
            }
            self._top.clear()
        member.version = version
        member.summary = value if is_member else b""
        return True

    def put_facet(
        self, account: bytes, name: bytes, facet: bytes, membership: int, version: int, new: Score | None
    ) -> bool:
        """Take in a facet's score, None for one that is no more; False when it is outdated."""
        member = self._member(account)
        if membership < member.membership:
            return False
        rank = membership << _VERSION | version
        known = member.facets.get(facet)
        if known is not None and known >> _RANK > rank:
            return False
        contested = member.is_member and name in self._top
        old = member.score(facet) if contested else None
        member.facets[facet] = rank << _RANK | (0 if new is None else _PRESENT | new + _BIAS)
        if contested:
            self._contest(name, facet, old, new if membership == member.membership else None)
        return True

    def assign(self, assignment: Assignment) -> bool:
        """Take in an assignment to a segment; False when it is known.

        Raises :class:`RevisionConflictError` when another one claimed its revision before.
        """
        for known in self.assignments:
            if known.seq == assignment.seq:
                if known.digest != assignment.digest:
                    raise RevisionConflictError(f"another record has seq {known.seq} and other contents")
                return False
        self.assignments = tuple(sorted((*self.assignments, assignment)))
        return True

    @property
    def segment(self) -> Assignment | None:
        """The assignment that holds: of the highest revision."""
        return self.assignments[-1] if self.assignments else None

    @property
    def is_known(self) -> bool:
        """Whether any account ever belonged to it: a segment alone makes no row (rule 25)."""
        return any(member.membership >= 0 for member in self.members.values())

    def active(self) -> list[Member]:
        """The accounts that belong to it now."""
        members = list(self.members.values())
        if len(members) == 1:  # as nearly always
            return members if members[0].is_member else []
        return [member for member in members if member.is_member]

    def structure(self) -> int:
        """The sum of the membership registers of all accounts ever seen here."""
        return sum(member.membership for member in self.members.values() if member.membership > 0)

    def favourites(self) -> Mapping[bytes, Favourite]:
        """By name the facet with most units, then most net, then the least id (rule 18)."""
        if len(self._top) < len(NAMES):
            self._search()
        return self._top

    def _search(self) -> None:
        """Find the favourites that are not known, by a look at all facets."""
        scores: dict[bytes, Score] = {}
        for member in self.active():
            for facet in member.facets:
                one = member.score(facet)
                if one is not None:
                    scores[facet] = scores.get(facet, 0) + one
        found: dict[bytes, Favourite] = dict.fromkeys(NAMES)
        for facet, total in scores.items():
            name = facet[: text_end(facet, 0)]
            found[name] = _better(name, found[name], total, facet)
        self._top = found | self._top

    def _member(self, account: bytes) -> Member:
        member = self.members.get(account)
        if member is None:
            member = self.members[account] = Member()
        return member

    def _contest(self, name: bytes, facet: bytes, old: Score | None, new: Score | None) -> None:
        """A facet of an account has another score: keep the favourite, or forget it when it may have lost."""
        top = self._top[name]
        if top is None or top[1] != facet:
            if new is not None:
                self._challenge(name, facet)
        elif old is not None and new is not None and new >= old:
            self._top[name] = (top[0] + new - old, facet)
        else:
            del self._top[name]  # it may have lost: the next row looks for another one

    def _challenge(self, name: bytes, facet: bytes) -> None:
        """Make the facet the favourite if it is better."""
        scores = [one for member in self.active() if (one := member.score(facet)) is not None]
        if not scores:
            return
        self._top[name] = _better(name, self._top[name], sum(scores), facet)


def _better(name: bytes, top: Favourite, total: Score, facet: bytes) -> Favourite:
    """The better one of a favourite and another facet."""
    if top is None or total > top[0] or (total == top[0] and _id(name, facet) < _id(name, top[1])):
        return total, facet
    return top


def _id(name: bytes, facet: bytes) -> bytes:
    return text_of(facet[len(name) :])
