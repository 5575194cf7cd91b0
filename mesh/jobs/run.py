"""Runs one job: a process of its own, whose memory is given back and whose end says how it went."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from time import monotonic

from mesh.jobs.book import Standing
from mesh.jobs.job import Job

LONGEST = 3600.0
"""Seconds after which a run is ended: it hangs."""
EXCUSES = ("[no-facts]", "[busy]")
"""How a command says that it has nothing to work on yet, or that a person does the same just now: nobody is
paged for that."""
POLL = 0.2
GRACE = 10.0
"""Seconds that a run may take to end when it is told to."""


def run(job: Job, home: Path, started: float, stop: Event, longest: float = LONGEST) -> Standing | None:
    """Run a job to its end; None when ``stop`` was set meanwhile. What it prints is in its log."""
    log = log_of(job.name, home)
    log.parent.mkdir(parents=True, exist_ok=True)
    began = monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mesh.cli.main", *job.arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MESH_HOME": str(home), "COLUMNS": "200"},
        )
        try:
            while process.poll() is None:
                if stop.wait(POLL):
                    return None
                if monotonic() > began + longest:
                    return Standing(
                        started, monotonic() - began, -1, True, f"did not end within {longest:.0f} s"
                    )
        finally:
            _end(process)
    exit_code = process.returncode
    said = "" if exit_code in job.answers else _last_line(log)
    return Standing(started, monotonic() - began, exit_code, has_failed(job, exit_code, said), said)


def has_failed(job: Job, exit_code: int, said: str) -> bool:
    """Whether a run that ended with this exit code and this last line is to be told to somebody."""
    return exit_code not in job.answers and not any(excuse in said for excuse in EXCUSES)


def log_of(name: str, home: Path) -> Path:
    """Where the last run of a job has written."""
    return home / "logs" / f"job-{name}.log"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(log: Path) -> str:
    """The last line with words in it, without the frame that misuse of a command is printed in."""
    lines = (line.strip(" │") for line in log.read_text(encoding="utf-8", errors="replace").splitlines())
    return next((line for line in reversed(list(lines)) if any(map(str.isalnum, line))), "said nothing")
