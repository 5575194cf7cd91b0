"""Which accounts change when the clock advances: their next boundaries in a heap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from streams.customer_360.account import NEVER, Account
from streams.customer_360.clock import EventClock


class Boundaries:
    """The boundaries of one partition: facts that leave a window, customer versions that begin."""

    def __init__(self, clock: EventClock) -> None:
        self._clock = clock
        self._swept = clock.windows.now
        self._heap: list[tuple[int, Account]] = []
        self._unseen: dict[Account, None] = {}

    def watch(self, accounts: Iterable[Account]) -> None:
        """The boundaries of these accounts may have changed."""
        self._unseen.update(dict.fromkeys(accounts))

    def sweep(self, since: int, everyone: Iterable[Account]) -> Iterator[Account]:
        """Each account with a boundary after the clock ``since``, up to the clock now.

        Who asks from an earlier clock than that of the last sweep has to do with rows of another owner: then
        everyone is looked at.
        """
        now, before = self._clock.windows, self._clock.at(since)
        known, self._swept = self._swept, now.now
        if since < known:
            for account in everyone:
                if account.crossed(before) != account.crossed(now):
                    yield account
            return
        for account in self._unseen:
            self._schedule(account, account.next_due(before, self._clock.days))
        self._unseen.clear()
        heap = self._heap
        while heap and heap[0][0] <= now.now:
            due, account = heappop(heap)
            if due != account.due:
                continue  # it has been given another place since
            account.due = NEVER
            if account.crossed(before) != account.crossed(now):
                yield account
            self._schedule(account, account.next_due(now, self._clock.days))

    def _schedule(self, account: Account, due: int) -> None:
        """An earlier boundary takes the place of the one in the heap; a later one waits for that to come."""
        if due < account.due:
            account.due = due
            heappush(self._heap, (due, account))
