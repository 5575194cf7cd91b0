"""Which sources are live, and how long each may be silent before somebody is told.

A contract promises it (``frequency``), a retailer's overlay changes it (``live``), and ``live.json`` in the
home, ``{topic: seconds}``, does so while the mesh runs; there ``null`` says that a source is not live.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from mesh.kernel.discovery import Mesh
from mesh.kernel.home_file import LIVE
from mesh.kernel.metrics import SOURCE_LIMIT
from observability.monitor.shown import Shown


def promised(mesh: Mesh) -> dict[str, int]:
    """The longest silence in seconds of each topic whose contract says that it is live."""
    levels = {topic: port.service_levels.get("frequency") for topic, port in mesh.ports.items()}
    return {topic: level.seconds for topic, level in levels.items() if level is not None}


def overridden(limits: Mapping[str, float], text: str) -> dict[str, float]:
    """The limits with those of a ``live.json``; raise :class:`ValueError` when it is none."""
    stated = json.loads(text)
    if not isinstance(stated, dict) or not all(_is_limit(value) for value in stated.values()):
        raise ValueError(f"{LIVE} must be an object of topics and seconds")
    return {topic: float(value) for topic, value in {**limits, **stated}.items() if value is not None}


def _is_limit(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


class Sources:
    """Publishes the limits, and no series for a source that is not live (any more)."""

    def __init__(self, mesh: Mesh, home: Path) -> None:
        self._promised = promised(mesh)
        self._file = home / LIVE
        self._shown = Shown()

    def measure(self) -> None:
        """Read ``live.json`` anew."""
        stated = self._file.read_text(encoding="utf-8") if self._file.exists() else "{}"
        limits = overridden(self._promised, stated)
        self._shown.show({(SOURCE_LIMIT, (topic,)): seconds for topic, seconds in limits.items()})
