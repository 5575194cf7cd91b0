"""What is known about one golden customer: registers of its accounts' summaries and of their facets."""

from __future__ import annotations

from collections.abc import Iterator

from streams.customer_360.lanes import Lanes
from streams.orders_enriched.facts import text_of

_SHARE = Lanes(units=48, net=88)
_BITS, _MASK = _SHARE.bits, (1 << _SHARE.bits) - 1
_PRESENT = 1 << _BITS
_RANK = _BITS + 1
_VERSION_BITS = 256
UNKNOWN = -1
"""Membership register of an account of which only facets are known yet."""


class Member:
    """An account that belongs to a golden id, or did. ``summary`` is the framed record, for a member."""

    __slots__ = ("facets", "is_member", "membership", "summary", "version")

    def __init__(self) -> None:
        self.membership = UNKNOWN
        self.is_member = False
        self.version = 0
        self.summary = b""
        self.facets: dict[bytes, int] = {}  # facet -> rank, presence and share in one number

    def share(self, facet: bytes) -> tuple[int, int] | None:
        """Units and net of a facet; None when the account has none of it."""
        known = self.facets.get(facet)
        if known is None or not known & _PRESENT or known >> _RANK + _VERSION_BITS != self.membership:
            return None
        units, net = _SHARE.unpack(known & _MASK)
        return units, net


class Golden:
    """The state of one golden id. Facets are one letter (p, c, l, e) and the Avro bytes of an id."""

    __slots__ = ("cause", "members", "top")

    def __init__(self) -> None:
        self.members: dict[bytes, Member] = {}
        self.top: dict[bytes, bytes | None] = {}  # letter -> favourite; not there: to be looked for
        self.cause = 0  # Kafka timestamp of the record that touched it last, ms

    def member(self, account: bytes) -> Member:
        """The register of an account."""
        member = self.members.get(account)
        if member is None:
            member = self.members[account] = Member()
        return member

    def put_summary(
        self, account: bytes, membership: int, version: int, is_member: bool, value: bytes
    ) -> bool:
        """Take in a summary or a departure; False when it is outdated. Of equal ones the last holds."""
        member = self.member(account)
        if (membership, version) < (member.membership, member.version):
            return False
        if membership != member.membership or is_member != member.is_member:
            member.membership, member.is_member = membership, is_member
            # What was said under an earlier membership says nothing any more.
            member.facets = {
                facet: known
                for facet, known in member.facets.items()
                if known >> _RANK + _VERSION_BITS >= membership
            }
            self.top.clear()
        member.version = version
        member.summary = value if is_member else b""
        return True

    def put_facet(
        self, account: bytes, facet: bytes, membership: int, version: int, share: tuple[int, int] | None
    ) -> bool:
        """Take in units and net of a facet, None for one that is no more; False when it is outdated."""
        member = self.member(account)
        if membership < member.membership:
            return False
        rank = membership << _VERSION_BITS | version
        known = member.facets.get(facet)
        if known is not None and known >> _RANK > rank:
            return False
        letter = facet[:1]
        before = member.share(facet) if member.is_member else None
        packed = 0 if share is None else _SHARE.pack(units=share[0], net=share[1]) & _MASK | _PRESENT
        member.facets[facet] = rank << _RANK | packed
        after = member.share(facet) if member.is_member else None
        if letter in self.top and before != after:
            top = self.top[letter]
            if top == facet or top is None:
                if after is None or before is None or after < before:
                    del self.top[letter]
            elif after is not None and self._rank(facet) > self._rank(top):
                self.top[letter] = facet
        return True

    def active(self) -> Iterator[tuple[bytes, Member]]:
        """The accounts that belong to it now."""
        return ((account, member) for account, member in self.members.items() if member.is_member)

    def favourite(self, letter: bytes) -> bytes | None:
        """The facet with most units, then most net, then the least id (rule 18)."""
        if letter not in self.top:
            facets = {
                facet
                for _, member in self.active()
                for facet in member.facets
                if facet[:1] == letter and member.share(facet) is not None
            }
            self.top[letter] = max(facets, key=self._rank, default=None)
        return self.top[letter]

    def _rank(self, facet: bytes) -> tuple[int, int, tuple[int, ...]]:
        units = net = 0
        for _, member in self.active():
            share = member.share(facet)
            if share is not None:
                units, net = units + share[0], net + share[1]
        # Least id by bytes: negated bytes, and an end greater than all, since a beginning comes before.
        return units, net, (*(-byte for byte in text_of(facet[1:])), 1)
