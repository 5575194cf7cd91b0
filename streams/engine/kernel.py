"""The compiled kernel, where it was built: ``KERNEL`` is its module, or None.

It is built when the project is installed on a machine with a C compiler (``_kernel.pyx``). Whatever it does
Python does as well, byte for byte; ``STREAMS_KERNEL=off`` leaves it out, to compare the two.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType


def _kernel() -> ModuleType | None:
    # It copies numbers as they lie in memory, least significant byte first.
    if os.environ.get("STREAMS_KERNEL") == "off" or sys.byteorder != "little":
        return None
    try:
        return import_module("streams.engine._kernel")
    except ImportError:
        return None


KERNEL = _kernel()
