"""The order lines of one partition, and what each adds to its account."""

from __future__ import annotations

from collections.abc import Collection

from streams.customer_360.account import Account
from streams.customer_360.line import (
    ATTRIBUTES,
    CANCELLED,
    LIVE,
    ONLINE,
    TOTALS,
    VERSION_SIZE,
    Line,
    facets_of,
    knowledge_gained,
    line_of,
)

_ORDER = [
    TOTALS.pack(orders=1, cancelled_orders=bool(flags & CANCELLED), online_orders=bool(flags & ONLINE))
    for flags in range((LIVE | CANCELLED | ONLINE) + 1)
]
"""What an order adds to its account, by the flags of its first line."""
_NONE: frozenset[bytes] = frozenset()


class _Order:
    """The lines of an order by number, and the lowest number of a live one."""

    __slots__ = ("account", "first", "lines")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.first: int | None = None
        self.lines: dict[int, bytes] = {}

    def attributes(self) -> bytes | None:
        """Flags and time of the order: those of its first live line; None without one."""
        return None if self.first is None else self.lines[self.first][ATTRIBUTES]

    def hold(self, number: int, entry: bytes, flags: int) -> None:
        """Put an entry in the place of the one before."""
        self.lines[number] = entry
        if flags & LIVE:
            if self.first is None or number < self.first:
                self.first = number
        elif number == self.first:
            live = (number for number, entry in self.lines.items() if entry[VERSION_SIZE] & LIVE)
            self.first = min(live, default=None)


class Lines:
    """The newest entry of each line, by order and number."""

    def __init__(self) -> None:
        self._orders: dict[bytes, _Order] = {}
        self._names: dict[bytes, bytes] = {}  # each facet once
        # The facets that a line was in and no longer is. They are few: only amendments and late dimensions
        # make them. Their registers must tell that the line has left, so they go on counting what it knows.
        self._left: dict[tuple[bytes, int], frozenset[bytes]] = {}

    def account(self, order: bytes) -> Account | None:
        """The account of a known order (the Avro bytes of order id and account)."""
        known = self._orders.get(order)
        return None if known is None else known.account

    def put(self, account: Account, order: bytes, number: int, line: Line) -> tuple[bool, Collection[bytes]]:
        """Take in a line. Returns whether its entry is to be kept, and which facets it touches.

        Touched are the facets that it changes, or, for an entry that is known or outdated, all that the line
        is or was in: a crash may have come between keeping it and writing what follows from it.
        """
        place = self._orders.get(order)
        if place is None:
            place = self._orders[order] = _Order(account)
        held = place.lines.get(number)
        facets = facets_of(line.facets)
        if held is None:
            total, share, _ = line.counts()
            account.total += total
            account.line_times = account.line_times.plus(line.ordered_at)
            self._hold(place, number, line)
            for key in facets:
                self._add(account, key, share)
            return True, facets
        newer = _newer(line.entry, held)
        if newer and line.entry[VERSION_SIZE:] == held[VERSION_SIZE:] and (order, number) not in self._left:
            # A payment, or another version of a dimension: as most rows that come again, it says nothing new.
            known, change = knowledge_gained(line.entry, held)
            account.total += known
            place.lines[number] = line.entry
            if not change:
                return True, ()
            for key in facets:
                account.facets[key] += change
            return True, facets
        return self._replace(place, order, number, line, held, newer=newer)

    def _replace(
        self, place: _Order, order: bytes, number: int, line: Line, held: bytes, *, newer: bool
    ) -> tuple[bool, Collection[bytes]]:
        """Put a line in the place of ``held``, or see what is to be said of one that is not newer."""
        account, facets = place.account, facets_of(line.facets)
        old = line_of(held)
        was = facets_of(old.facets)
        old_total, old_share, old_known = old.counts()
        left = self._left.get((order, number), _NONE)
        before = dict.fromkeys(left, old_known) | dict.fromkeys(was, old_share)
        if newer:
            total, share, known = line.counts()
            left = left.union(was).difference(facets)
            after = dict.fromkeys(left, known) | dict.fromkeys(facets, share)
            account.total += total - old_total
            if line.ordered_at != old.ordered_at:
                account.line_times.drop(old.ordered_at)
                account.line_times = account.line_times.plus(line.ordered_at)
            self._hold(place, number, line)
        else:
            left = left.union(facets).difference(was)
            after = dict.fromkeys(left, old_known) | dict.fromkeys(was, old_share)
        if left:
            self._left[order, number] = left
        touched = []
        for key, share in after.items():
            change = share - before.get(key, 0)
            self._add(account, key, change)
            if change or not newer:
                touched.append(key)
        return newer or len(after) > len(before), touched

    def _add(self, account: Account, key: bytes, change: int) -> None:
        shares = account.facets
        if key in shares:
            shares[key] += change
        else:
            shares[self._names.setdefault(key, key)] = change

    def _hold(self, place: _Order, number: int, line: Line) -> None:
        """Hold a line, and carry what that changes in the order over to its account."""
        before = place.attributes()
        place.hold(number, line.entry, line.flags)
        after = place.attributes()
        if before == after:
            return
        account = place.account
        if before is not None:
            account.order_times.drop(int.from_bytes(before[1:], "little", signed=True))
            account.total -= _ORDER[before[0]]
        if after is not None:
            account.order_times = account.order_times.plus(int.from_bytes(after[1:], "little", signed=True))
            account.total += _ORDER[after[0]]


def _newer(entry: bytes, held: bytes) -> bool:
    """Whether an entry takes the place of another one: it does of one of its own version that differs."""
    new, old = entry[:VERSION_SIZE], held[:VERSION_SIZE]
    if new == old:
        return entry != held
    return int.from_bytes(new, "little") > int.from_bytes(old, "little")
