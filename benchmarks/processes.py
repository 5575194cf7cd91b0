"""The CPU time and memory of a process and of all that it starts."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

_POLL = 0.1  # seconds
_REAPED = 10.0  # seconds within which a killed process is gone


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of one process."""
    times = process.cpu_times()
    return float(times.user + times.system)


def machine_cpu_seconds() -> float:
    """The time that all processors of this machine were busy since it started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


class Tree:
    """A process in a session of its own, with its children; what ended children used is remembered."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=folder,
                start_new_session=True,
            )
        self._root = psutil.Process(self._process.pid)
        self._used: dict[psutil.Process, float] = {}
        self.log = log
        self.peak_memory = 0
        """Bytes, resident, of all processes together."""

    def look(self) -> float:
        """CPU seconds of all processes so far; takes note of their memory."""
        memory = 0
        found = []
        with contextlib.suppress(psutil.Error):
            found = [self._root, *self._root.children(recursive=True)]
        for process in found:
            with contextlib.suppress(psutil.Error):
                self._used[process] = cpu_seconds(process)
                memory += process.memory_info().rss
        self.peak_memory = max(self.peak_memory, memory)
        return sum(self._used.values())

    @property
    def pid(self) -> int:
        """The process itself."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process itself has ended."""
        return self.exit_code is not None

    @property
    def exit_code(self) -> int | None:
        """The exit code of the process itself; None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """The last line of its log."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"

    def kill(self) -> None:
        """SIGKILL, without a word before; returns when the process itself is gone."""
        self.look()
        self._process.kill()
        self._process.wait()

    def end(self, grace: float = 30.0) -> None:
        """SIGTERM, and SIGKILL for whatever still runs after ``grace`` seconds."""
        if not self.ended:
            self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while not self.ended and time.monotonic() < deadline:
            self.look()
            time.sleep(_POLL)
        for process in self._used:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.wait()
        psutil.wait_procs(self._used, timeout=_REAPED)
