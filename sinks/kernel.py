"""The compiled half of the sink, where it was built: ``ROWS`` is its module, or None.

Whatever it does Python does as well, byte for byte; ``STREAMS_KERNEL=off`` leaves it out with the engine's.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from streams.engine.kernel import KERNEL


def _built() -> ModuleType | None:
    try:
        return import_module("sinks._rows") if KERNEL else None
    except ImportError:
        return None


ROWS = _built()
