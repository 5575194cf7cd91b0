"""Gauges that show what is known now, and no series of what is gone."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Gauge

Series = tuple[Gauge, tuple[str, ...]]
"""A gauge with the values of its labels."""


class Shown:
    """What one kind of round shows."""

    def __init__(self) -> None:
        self._series: set[Series] = set()

    def show(self, found: Mapping[Series, float]) -> None:
        """Set these series before others go, so that no scrape finds less than there is."""
        for (gauge, labels), value in found.items():
            gauge.labels(*labels).set(value)
        for gauge, labels in self._series - found.keys():
            gauge.remove(*labels)
        self._series = set(found)
