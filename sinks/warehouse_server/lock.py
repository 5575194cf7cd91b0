"""One process a path: an advisory lock that dies with its holder, and says who holds it."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from mesh.kernel.errors import WarehouseError

if TYPE_CHECKING:
    from pathlib import Path

LOCK_FILE = "warehouse.lock"


class PathLock:
    """Holds ``<folder>/warehouse.lock`` until :meth:`release`, or until the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock; raise :class:`WarehouseError` naming the process that has it."""
        self._path = folder / LOCK_FILE
        # Never truncated on opening: a refused process must not wipe the holder's pid.
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise WarehouseError(
                "warehouse-path-locked",
                f"process {holder} already serves this path",
                place=str(folder),
                remedy=f"stop it (kill {holder}), or give another --path",
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the path free. The file stays: removing it would let two processes lock two files."""
        os.close(self._file)
