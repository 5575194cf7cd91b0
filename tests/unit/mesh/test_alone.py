"""Work that would write over itself is done once at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.kernel.alone import alone
from mesh.kernel.errors import BusyError


def test_a_second_run_is_told_so_and_a_later_one_begins(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with alone(home, "marts"):
        with pytest.raises(BusyError, match=r"home: somebody else is at work on marts"), alone(home, "marts"):
            pytest.fail("two refreshes at once")
        with alone(home, "segments"), alone(tmp_path / "other", "marts"):
            pass
    with alone(home, "marts"):
        pass


def test_a_failed_run_is_in_nobodys_way(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), alone(tmp_path, "marts"):
        raise ValueError("broken")
    with alone(tmp_path, "marts"):
        pass
