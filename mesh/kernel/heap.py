"""What a process of Linux does with memory that it frees: it keeps some, to use it again.

A worker frees and asks for megabytes with every batch. The C library gives pieces of that size back to the
system at once, and then each page of the next piece is faulted in and zeroed anew, which costs more than the
copying for which it was wanted.
"""

from __future__ import annotations

import ctypes
import logging

KEPT = 64 << 20
"""Bytes that are free and kept, at the most, in each of the few arenas that threads share."""
LARGEST = 32 << 20
"""Larger pieces are given back at once; the C library takes no greater bound."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of options in glibc's malloc.h

_log = logging.getLogger(__name__)


def keep_freed() -> bool:
    """Keep what is freed; False where the C library is not glibc, which changes nothing but the speed."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    kept = bool(mallopt(_MMAP_THRESHOLD, LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, KEPT))
    if not kept:
        _log.info("memory that is freed goes back to the system at once")
    return kept
