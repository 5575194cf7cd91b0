"""The platform for programs: look at it, and start, stop, restart and scale its parts.

    status() -> list[PartStatus]          stop_part("registry")      restart_part("broker")
    scale("orders-enriched", 2)           start_part("registry")     wait_ready(["registry"])

Every function takes the ``home`` of the platform, by default that of the settings.
:mod:`mesh.platform.launch` starts and ends the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from mesh.kernel.errors import PlatformError, did_you_mean
from mesh.kernel.settings import load_settings
from mesh.platform import workers
from mesh.platform.control import is_running, request
from mesh.platform.part import Part, PartStatus, State
from mesh.platform.paths import Paths
from mesh.platform.ports import Ports

POLL = 0.1  # seconds
STOP_TIMEOUT = 120.0  # seconds; longer than any part's grace
Watch = Callable[[PartStatus], None]


def paths_of(home: Path | None = None) -> Paths:
    """The paths of a home, by default that of the settings."""
    return Paths.of(home or load_settings().home)


def running(home: Path | None = None) -> bool:
    """Whether a platform runs in this home."""
    return is_running(paths_of(home))


def status(home: Path | None = None) -> list[PartStatus]:
    """Every declared part with its memory; raises ``platform-down`` where nothing runs."""
    found = request(paths_of(home), "status")["parts"]
    parts = [PartStatus(**{**part, "state": State(part["state"])}) for part in found]
    return [replace(part, memory_bytes=_memory(part.pid)) for part in parts]


def part_status(name: str, home: Path | None = None) -> PartStatus:
    """One part; raises ``part-unknown`` with the nearest names."""
    parts = {part.name: part for part in status(home)}
    if name not in parts:
        remedy = did_you_mean(name, parts)
        raise PlatformError("part-unknown", "is not a part of the running mesh", place=name, remedy=remedy)
    return parts[name]


def running_settings(home: Path | None = None) -> dict[str, Any]:
    """The settings that the platform was started with."""
    settings: dict[str, Any] = request(paths_of(home), "status")["settings"]
    return settings


def start_part(name: str, home: Path | None = None, *, wait: bool = True) -> None:
    """Start a stopped part; with ``wait``, return when it is ready, or raise ``part-failed``."""
    request(paths_of(home), "start", parts=[name])
    if wait:
        wait_ready([name], home)


def stop_part(name: str, home: Path | None = None) -> None:
    """Stop a part and keep it stopped; parts that need it go on as best they can."""
    request(paths_of(home), "stop", parts=[name], timeout=STOP_TIMEOUT)


def restart_part(name: str, home: Path | None = None) -> None:
    """Stop a part, start it again, and return when it is ready."""
    stop_part(name, home)
    start_part(name, home)


def scale(app: str, count: int, home: Path | None = None) -> None:
    """Run ``count`` processes of an application (``orders-enriched``, …); return when they are ready."""
    paths = paths_of(home)
    have = {part.name: part for part in status(home) if part.name.rsplit("-", 1)[0] == app}
    want = workers.names(app, count)
    if extra := [name for name in have if name not in want]:
        request(paths, "forget", parts=extra, timeout=STOP_TIMEOUT)
    missing = [(index, name) for index, name in enumerate(want, 1) if name not in have]
    with Ports(report=lambda _: None) as ports:
        new = [workers.declare(paths, app, index, ports.near(workers.METRICS_PORT)) for index, _ in missing]
        declare(new, {}, paths)
    request(paths, "start", parts=want)
    wait_ready(want, home)


def declare(parts: Iterable[Part], settings: dict[str, Any], paths: Paths) -> None:
    """Make parts known to the supervisor, without starting them."""
    request(paths, "declare", settings=settings, parts=[part.to_dict() for part in parts])


def wait_ready(names: Iterable[str], home: Path | None = None, *, watch: Watch | None = None) -> None:
    """Return when all these parts are ready; ``watch`` hears of every change of state.

    Raises :class:`PlatformError`: ``part-failed`` as soon as one is given up, with the end of its log.
    """
    left, last = set(names), dict[str, State]()
    while left:
        for part in status(home):
            if part.name not in left:
                continue
            if watch and last.get(part.name) is not part.state:
                watch(part)
            last[part.name] = part.state
            if part.state in (State.FAILED, State.STOPPED):
                raise _failure(part, paths_of(home))
            if part.ready:
                left.discard(part.name)
        if left:
            time.sleep(POLL)


def _failure(part: PartStatus, paths: Paths) -> PlatformError:
    log = paths.log(part.name)
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    words = [line.strip() for line in lines[-40:] if line.strip()]
    last = f"; its last words: {words[-1][:300]}" if words else ""
    reason = part.detail or part.state.value
    return PlatformError(
        "part-failed", f"did not become ready: {reason}{last}", place=part.name, remedy=f"see {log}"
    )


def _memory(pid: int | None) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid else 0
    except psutil.Error:
        return 0
