"""Where the platform keeps its state."""

from __future__ import annotations

import os
from pathlib import Path

from mesh.kernel import settings
from mesh.platform import paths
from mesh.platform.paths import SOCKET_PATH_LIMIT, Paths


def test_paths_are_absolute() -> None:
    """Parts have working folders of their own."""
    assert Paths.of(Path(".mesh")).state.is_absolute()


def test_a_deep_home_gets_a_short_socket_of_its_own(tmp_path: Path) -> None:
    """The socket fits the kernel's limit and differs between homes."""
    homes = [Paths.of(tmp_path / ("x" * 120) / name) for name in ("a", "b")]
    sockets = {home.socket for home in homes}
    assert len(sockets) == 2
    assert all(len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT for socket in sockets)


def test_the_state_file_is_where_the_settings_look() -> None:
    """Two modules name it, with one name."""
    assert paths.PLATFORM_FILE == settings.PLATFORM_FILE


def test_a_shallow_home_holds_its_socket() -> None:
    """Where it fits, it lies with the rest."""
    assert Paths.of(Path("/home/me/.mesh")).socket == Path("/home/me/.mesh/control.sock")
