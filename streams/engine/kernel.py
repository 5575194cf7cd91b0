"""The compiled kernel, where it was built: ``KERNEL`` is its module, or None.

It is built when the project is installed on a machine with a C compiler (``_kernel.pyx``). Whatever it does
Python does as well, byte for byte; ``MESH_KERNEL=off`` leaves it out, to compare the two.
"""

from __future__ import annotations

import os
from types import ModuleType

KERNEL: ModuleType | None
try:
    from streams.engine import _kernel
except ImportError:
    KERNEL = None
else:
    KERNEL = None if os.environ.get("MESH_KERNEL") == "off" else _kernel
