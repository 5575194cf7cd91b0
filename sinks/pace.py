"""How long a block that is not full waits for company before it is landed."""

from __future__ import annotations

MIN_AGE, MAX_AGE = 0.1, 0.4
"""Seconds that a record waits for company, at the least and at the most."""
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
        self._landed: dict[str, tuple[float, float]] = {}  # topic -> seconds, and when that was

    def took(self, topic: str, seconds: float, moment: float) -> None:
        """A block that was not full took so long."""
        self._landed[topic] = seconds, moment

    def patience(self, moment: float) -> float:
        """Seconds that a block waits now."""
        whole = sum(seconds for seconds, when in self._landed.values() if moment - when < MEMORY)
        return min(max(MIN_AGE, REST * whole), MAX_AGE)
