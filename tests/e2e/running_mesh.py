"""The command line on a home of its own, for tests that run a whole mesh."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mesh.kernel.settings import Settings, load_settings


class Mesh:
    """A mesh by its home; ``settings`` are MESH_ variables for its processes."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self._variables = variables

    def run(self, *arguments: str, timeout: float = 420) -> subprocess.CompletedProcess[str]:
        """Run ``mesh …`` to its end."""
        return subprocess.run(
            self._command(*arguments),
            env=self._env(),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``mesh …`` and go on."""
        return subprocess.Popen(
            self._command(*arguments),
            env=self._env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def settings(self) -> Settings:
        """The addresses of the running mesh."""
        return load_settings(home=self.home)

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "mesh.cli.main", *arguments]

    def _env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
        return {**clean, **self._variables, "MESH_HOME": str(self.home), "COLUMNS": "200"}
