"""Sorted moments: first, last, and how many lie before a boundary, right under every replacement.

Eight bytes a moment. They mostly come in order, so adding one is an append; any other shifts some bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from typing import Self


class Moments(array):  # type: ignore[type-arg]  # array is generic for type checkers only
    """A sorted multiset of moments in microseconds."""

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "q")  # type: ignore[return-value]  # declared to give a plain array

    def plus(self, moment: int) -> Moments:
        """These and one more: a new object instead of :data:`NO_MOMENTS`, else this one itself."""
        known = Moments() if self is NO_MOMENTS else self
        if not known or moment >= known[-1]:
            known.append(moment)
        else:
            insort(known, moment)
        return known

    def drop(self, moment: int) -> None:
        """Take one out that is in."""
        del self[bisect_left(self, moment)]

    def before(self, boundary: int) -> int:
        """How many are earlier than the boundary."""
        return bisect_left(self, boundary)

    def first(self) -> int | None:
        """The earliest."""
        return self[0] if self else None

    def last(self) -> int | None:
        """The latest."""
        return self[-1] if self else None

    def since(self, boundary: int) -> int | None:
        """The earliest that is not before the boundary."""
        place = bisect_left(self, boundary)
        return self[place] if place < len(self) else None


NO_MOMENTS = Moments()
"""What an account without facts shares with all others; never added to."""
