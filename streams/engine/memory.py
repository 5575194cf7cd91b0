"""Gives back the memory that a recovery took for a while."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Free what nobody refers to any more, and let the system have what is free.

    A recovery reads a whole changelog in megabytes at a time; what lies between them and its state stays
    resident otherwise until the state has grown into it. Elsewhere than on glibc only garbage is collected.
    """
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return
    trim(0)
