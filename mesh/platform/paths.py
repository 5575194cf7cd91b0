"""Where the platform keeps its state: one folder, ``.mesh`` unless ``MESH_HOME`` says otherwise."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

# Also in mesh.kernel.settings, whose import would cost the supervisor a third of a second; a test compares.
PLATFORM_FILE = "platform.json"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel takes 108 with the closing zero, some systems 104
ROOT = Path(__file__).resolve().parents[2]  # the project: its packages, jgo.toml and jgo.lock.toml


@dataclass(frozen=True)
class Paths:
    """The files under one home."""

    home: Path

    @classmethod
    def of(cls, home: Path) -> Paths:
        """The paths of a home, made absolute, since parts have working folders of their own."""
        return cls(home.absolute())

    @property
    def state(self) -> Path:
        """Addresses and processes of the running platform, read by :mod:`mesh.kernel.settings`."""
        return self.home / PLATFORM_FILE

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives, whatever ends it."""
        return self.home / "supervisor.lock"

    @property
    def logs(self) -> Path:
        """One log a part."""
        return self.home / "logs"

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.logs / f"{part}.log"

    def data(self, part: str) -> Path:
        """The data of one part; ``mesh down --purge`` deletes it."""
        return self.home / part

    @property
    def targets(self) -> Path:
        """What Prometheus scrapes, written by the supervisor."""
        return self.home / "prometheus" / "targets" / "mesh.json"

    @property
    def socket(self) -> Path:
        """The control socket. A deep home gets one elsewhere, since socket paths are short."""
        inside = self.home / "control.sock"
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"mesh-{os.getuid()}-{digest}.sock"
