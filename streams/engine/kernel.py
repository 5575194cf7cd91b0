"""The compiled kernel, where it was built: ``KERNEL`` and ``RECORDS`` are its modules, or None.

It is built when the project is installed on a machine with a C compiler (``_kernel.pyx`` for Avro,
``_records.pyx`` for Kafka's record batches). Whatever it does Python does as well, byte for byte;
``STREAMS_KERNEL=off`` leaves it out, to compare the two.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from aiokafka.record.util import calc_crc32c


def built(name: str) -> ModuleType | None:
    """A compiled module by its full name, where it was built and may be used."""
    # It copies numbers as they lie in memory, least significant byte first.
    if os.environ.get("STREAMS_KERNEL") == "off" or sys.byteorder != "little":
        return None
    try:
        return import_module(name)
    except ImportError:
        return None


KERNEL = built("streams.engine._kernel")
RECORDS = built("streams.engine._records")

crc32c: Callable[[Any], int] = calc_crc32c if RECORDS is None or not RECORDS.HAS_CRC32C else RECORDS.crc32c
"""The checksum of record batches, of any bytes. aiokafka's own goes by tables, five times as dear."""
