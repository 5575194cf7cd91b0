"""A fault that is abandoned leaves nothing behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mesh.drills import faults
from mesh.drills.ground import Ground
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import DrillError
from mesh.kernel.settings import load_settings

ASIDE = 64 << 20


def ground(home: Path, limit: int) -> Ground:
    """A mesh that does not run, with a limit of its own for the free bytes of its disk."""
    settings = load_settings().model_copy(update={"home": home, "disk_free_limit": limit})
    return Ground(settings=settings, mesh=find_mesh(), topic="", run="1")


def held_by_us() -> int:
    """Bytes that files without a name hold for this process."""
    sizes = []
    for number in os.listdir("/proc/self/fd"):
        try:
            state = os.stat(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue  # the one that listed them
        if state.st_nlink == 0:
            sizes.append(state.st_blocks * 512)
    return sum(sizes)


def test_a_disk_is_filled_by_nothing_that_outlives_the_drill(tmp_path: Path) -> None:
    limit = (shutil.disk_usage(tmp_path).free - ASIDE) * 8 // 7
    before = held_by_us()
    steps = faults.disk_filling(ground(tmp_path, limit))
    next(steps)
    # Other programs use the disk too, so the space is looked for where this process holds it.
    assert held_by_us() - before >= ASIDE // 2
    assert list(tmp_path.iterdir()) == [], "kill -9 would leave it"
    next(steps)
    assert held_by_us() == before


def test_a_disk_that_is_full_already_is_left_alone(tmp_path: Path) -> None:
    limit = shutil.disk_usage(tmp_path).total * 2
    with pytest.raises(DrillError, match="less than the limit already"):
        next(faults.disk_filling(ground(tmp_path, limit)))
