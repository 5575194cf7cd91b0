"""One process a path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mesh.kernel.errors import WarehouseError
from sinks.warehouse_server.lock import PathLock


def test_a_path_has_one_holder_who_is_named(tmp_path: Path) -> None:
    """The second is told the pid of the first, and does not wipe it; released, the path is free."""
    lock = PathLock(tmp_path)
    for _ in range(2):
        with pytest.raises(WarehouseError, match=f"process {os.getpid()} already serves this path"):
            PathLock(tmp_path)
    lock.release()
    PathLock(tmp_path).release()
