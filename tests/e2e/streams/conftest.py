"""A real broker for the tests of the stream runtime, and a world for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from mesh.kernel.settings import load_settings
from mesh.platform import launch
from tests.e2e.streams.cluster import World

_numbers = count(1)


@pytest.fixture(scope="session")
def broker_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a platform with a broker alone, ended afterwards."""
    home = tmp_path_factory.mktemp("broker") / "home"
    launch.up(only=["broker"], home=home)
    yield home
    launch.down(purge=True, home=home)


@pytest.fixture
def world(broker_home: Path, tmp_path: Path) -> Iterator[World]:
    """Topics of its own; its workers are killed at the end."""
    world = World(load_settings(home=broker_home).kafka, f"test{next(_numbers)}", tmp_path / "home")
    yield world
    world.stop_all()
