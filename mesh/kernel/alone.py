"""One run at a time of what would write over itself, in one home."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mesh.kernel.errors import BusyError


@contextmanager
def alone(home: Path, work: str) -> Iterator[None]:
    """Keep a second run of this ``work`` (one word) in this home from beginning meanwhile.

    The lock goes with the process, however it ends. Raises :class:`BusyError` while another run holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{work}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                "busy",
                f"somebody else is at work on {work} just now",
                place=str(home),
                remedy="try again soon",
            ) from None
        yield
