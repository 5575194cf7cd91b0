"""The versions of one dimension member, ready to be looked up as of a moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from streams.facts import RevisionConflictError
from streams.orders_enriched.registers import span_of
from streams.orders_enriched.version import early_clock, exact_clock

Entry = tuple[bytes, int, int]
"""Fragment, clock, seq + 1."""


class AsOf:
    """Versions by ``valid_from`` in microseconds; ``entries[bisect_right(starts, moment)]`` holds then.

    ``entries[0]`` is the earliest version as it serves moments before it.
    """

    __slots__ = ("_revisions", "entries", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.entries: list[Entry] = [(b"", 0, 0)]
        self._revisions: dict[tuple[int, int], bytes] = {}

    def put(self, valid_from: int, seq: int, contents: bytes, fragment: bytes) -> bool:
        """Take in a revision of the version at ``valid_from``; tell whether it changes what is shown.

        ``contents`` are the fact's bytes after the envelope. Raises :class:`RevisionConflictError`.
        """
        known = self._revisions.setdefault((valid_from, seq), contents)
        if known is not contents:
            if known != contents:
                raise RevisionConflictError(f"revision {seq} is known with other contents")
            return False
        place = bisect_left(self.starts, valid_from)
        entry = fragment, exact_clock(valid_from), seq + 1
        if place == len(self.starts) or self.starts[place] != valid_from:
            self.starts.insert(place, valid_from)
            self.entries.insert(place + 1, entry)
        elif seq + 1 > self.entries[place + 1][2]:
            self.entries[place + 1] = entry
        else:
            return False
        fragment, _, seqs = self.entries[1]
        self.entries[0] = fragment, early_clock(self.starts[0]), seqs
        return True

    def choice(self, moment: int) -> Entry:
        """The version that holds at ``moment``: the greatest ``valid_from`` <= it, else the earliest."""
        return self.entries[bisect_right(self.starts, moment)]

    def span(self, valid_from: int) -> tuple[float, float]:
        """The moments [from, to) at which the version at ``valid_from`` is the choice."""
        return span_of(self.starts, valid_from)
