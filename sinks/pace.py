"""How long a block that is not full waits for company before it is landed."""

from __future__ import annotations

MIN_AGE, MAX_AGE = 0.1, 0.4
"""Seconds that a record waits for company, at the least and at the most."""
LONG_AGE = 2.0
"""The most while records come by :data:`MANY`."""
MANY = 8_000
"""Records a second. Blocks are large then, and fewer inserts spare the warehouse merges: it takes as much as
a tenth of a processor less for twenty thousand a second in blocks of two seconds than in those of 0.4."""
REST = 1.0
"""Where one block of each topic that has records takes a second to land, each waits so many.

An insert costs the warehouse some ten milliseconds of CPU however few its rows are. So rows are fresh while
it has time, and come in larger blocks when it has not.
"""
MEMORY = 5.0
"""Seconds after which what a topic's block took says nothing any more: the topic has fallen silent."""


class Pace:
    """Follows how long blocks take to land, topic by topic; moments are seconds of one clock."""

    def __init__(self) -> None:
        self._landed: dict[str, tuple[float, float, float]] = {}  # topic -> seconds, rows a second, when

    def took(self, topic: str, seconds: float, moment: float, rate: float = 0.0) -> None:
        """A block that was not full took so long; its records had come at so many a second."""
        self._landed[topic] = seconds, rate, moment

    def patience(self, moment: float) -> float:
        """Seconds that a block waits now."""
        known = [one for one in self._landed.values() if moment - one[2] < MEMORY]
        most = LONG_AGE if sum(rate for _, rate, _ in known) >= MANY else MAX_AGE
        return min(max(MIN_AGE, REST * sum(seconds for seconds, _, _ in known)), most)
