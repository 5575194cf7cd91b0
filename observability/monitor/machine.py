"""The machine: disk space, certificates, and the memory and restarts of the local platform's parts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from cryptography import x509

from mesh.kernel.metrics import CERTIFICATE_END, DISK_FREE, DISK_FREE_LIMIT, PART_MEMORY, PART_RESTARTS
from mesh.kernel.settings import PLATFORM_FILE, Settings, load_settings

VOLUME = "home"
"""The volume on which the mesh keeps its state."""
CERTIFICATES = "certificates"
"""The folder of the home whose ``*.pem`` are watched beside those of the settings."""


def certificates(settings: Settings) -> list[Path]:
    """The files with certificates to watch."""
    named = [Path(part).expanduser() for part in settings.certificates.split(":") if part]
    return [*named, *sorted((settings.home / CERTIFICATES).glob("*.pem"))]


def ends(path: Path) -> float:
    """When the first of a file's certificates ends (Unix time). One that cannot be read counts as ended."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return 0.0
    return min(one.not_valid_after_utc.timestamp() for one in found)


def memory(pid: int | None) -> int:
    """Resident memory of a process in bytes; 0 when it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid else 0
    except psutil.Error:
        return 0


class Machine:
    """Publishes what the machine tells. Settings are read anew each round, since limits may be moved."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._parts: set[str] = set()
        self._certificates: set[str] = set()

    def measure(self) -> None:
        """Disk first: it is what may be asked of any machine."""
        settings = load_settings(home=self._home)
        DISK_FREE.labels(VOLUME).set(shutil.disk_usage(self._home).free)
        DISK_FREE_LIMIT.labels(VOLUME).set(settings.disk_free_limit)
        self._publish_certificates(settings)
        platform = self._home / PLATFORM_FILE
        self._publish_parts(json.loads(platform.read_text())["parts"] if platform.exists() else {})

    def _publish_certificates(self, settings: Settings) -> None:
        found = certificates(settings)
        for path in found:
            CERTIFICATE_END.labels(str(path)).set(ends(path))
        for gone in self._certificates - {str(path) for path in found}:
            CERTIFICATE_END.remove(gone)
        self._certificates = {str(path) for path in found}

    def _publish_parts(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        for name, part in parts.items():
            PART_MEMORY.labels(name).set(memory(part["pid"]))
            PART_RESTARTS.labels(name).set(part["restarts"])
        for gone in self._parts - parts.keys():
            PART_MEMORY.remove(gone)
            PART_RESTARTS.remove(gone)
        self._parts = set(parts)
