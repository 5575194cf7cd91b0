"""The embedded warehouse as a process of its own, that a test may start, stop and kill."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copied(prepared: Path, path: Path) -> EmbeddedServer:
    """A warehouse on ``path`` that begins with what another one, which was stopped, has left."""
    shutil.copytree(prepared, path, symlinks=True)
    return EmbeddedServer(path)


class EmbeddedServer:
    """One warehouse process on ``path``; starts at once and waits until it answers."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._log = path.with_suffix(".log")
        self.start()

    def start(self) -> None:
        """Start the process; ``start_seconds`` says how long it took until the first answer."""
        began = time.perf_counter()
        self._client = httpx.Client(base_url=self.url, timeout=30)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "sinks.warehouse_server"),
                    *("--path", str(self.path), "--port", str(self.port), *self._options),
                ],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        while not self.answers():
            if self.process.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError(f"the warehouse did not start: {self.log()}")
            time.sleep(0.02)
        self.start_seconds = time.perf_counter() - began

    def answers(self) -> bool:
        """Whether it is healthy."""
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=2) as reply:
                return bool(reply.read() == b"Ok.\n")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def post(self, sql: str, **arguments: str) -> httpx.Response:
        """The answer to one statement."""
        return self._client.post("/", content=sql, params=arguments)

    def metrics(self) -> str:
        """What Prometheus would read."""
        return self._client.get("/metrics").text

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end (SIGTERM); the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=40)

    def log(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()
