"""The clock of lag: for how long the oldest unread record of a partition has waited.

A record's offset says nothing of time, so the ends of the partitions are remembered: a record was there by
the moment when the end was first seen beyond it. What is told is therefore less than the truth, by one round
at the most; of records that were there before the monitor it is the time since the monitor began.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from mesh.kernel.broker import Place

LIMIT = 1000
"""Ends remembered of a partition, more than an hour of rounds; with more, neighbours become one."""
ERROR = 0.02
"""By how much of a long wait that may lengthen it."""


class Waits:
    """Remembers ends. Moments are seconds of any one steady clock."""

    def __init__(self) -> None:
        self._seen: dict[Place, list[tuple[float, int]]] = {}

    def saw(self, moment: float, ends: Mapping[Place, int]) -> None:
        """Take the ends of partitions as they were at a moment, not earlier than any before."""
        for place, end in ends.items():
            seen = self._seen.setdefault(place, [])
            if seen and seen[-1][1] > end:  # the topic was made anew
                seen.clear()
            if not seen or seen[-1][1] < end:
                seen.append((moment, end))
            if len(seen) > LIMIT:
                self._seen[place] = _thinned(seen, moment)

    def waited(self, place: Place, position: int, moment: float) -> float:
        """Seconds for which the first record at ``position`` or later has waited; 0 when there is none."""
        for began, end in self._seen.get(place, ()):
            if end > position:
                return max(0.0, moment - began)
        return 0.0

    def forget(self, place: Place, position: int) -> None:
        """Forget what happened before ``position``, the lowest that anyone will ask for again."""
        seen = self._seen.get(place)
        if seen:
            self._seen[place] = [(began, end) for began, end in seen[:-1] if end > position] + seen[-1:]


def _thinned(seen: list[tuple[float, int]], moment: float) -> list[tuple[float, int]]:
    """Fewer entries, each of neighbours that lie close for their age: the earlier moment and the later end.

    So waits err upward, by a fiftieth at the most.
    """
    kept = seen[:1]
    for (began, end), (until, _) in pairwise(seen[1:]):
        first, _ = kept[-1]
        if until - first <= (moment - until) * ERROR:
            kept[-1] = (first, end)
        else:
            kept.append((began, end))
    return [*kept, seen[-1]]
