"""A running supervisor with toy parts, in a home of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh.platform import launch
from mesh.platform.paths import Paths


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The home of a supervisor without parts; all of it is ended afterwards."""
    paths = Paths.of(tmp_path / "home")
    launch.start_supervisor(paths)
    yield paths.home
    launch.down(home=paths.home)
