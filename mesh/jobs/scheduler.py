"""Runs what is due, one job at a time, and measures how it went."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event

from prometheus_client import Gauge

from mesh.jobs import job as job_file
from mesh.jobs.book import Book, Standing
from mesh.jobs.job import Job, jobs
from mesh.jobs.run import run
from mesh.kernel.errors import JobError
from mesh.kernel.metrics import JOB_FAILED, JOB_SECONDS, JOB_SUCCEEDED

_log = logging.getLogger(__name__)
LOOK = 1.0
"""Seconds between two looks at what is due."""


class Scheduler:
    """The jobs of one home. ``clock`` gives Unix seconds."""

    def __init__(self, home: Path, clock: Callable[[], float]) -> None:
        self._home = home
        self._clock = clock
        self._book = Book(home)
        self._jobs: tuple[Job, ...] = ()
        self._shown: set[tuple[Gauge, str]] = set()

    def work(self, stop: Event) -> None:
        """Go on until ``stop`` is set; a run under way is then ended, and is due again at the next start."""
        while not stop.is_set():
            self.round(stop)
            stop.wait(LOOK)

    def round(self, stop: Event) -> None:
        """Run every job that is due now."""
        self._read()
        self._book.meet(self._jobs, self._clock())
        for job in self._book.due(self._jobs, self._clock()):
            _log.info("%s: mesh %s", job.name, " ".join(job.arguments))
            entry = run(job, self._home, self._clock(), stop)
            if entry is None:
                return
            self._book.note(job.name, entry)
            self._show(job.name, entry)
            _log.log(
                logging.ERROR if entry.failed else logging.INFO,
                "%s: exit code %d after %.1f s %s",
                *(job.name, entry.exit_code, entry.seconds, entry.said),
            )

    def _read(self) -> None:
        """Read ``jobs.json`` anew; while it cannot be used the jobs stay, and it has failed itself."""
        try:
            self._jobs = jobs(self._home)
        except JobError as error:
            if job_file.FILE not in self._names():
                _log.error("%s", error)
            self._show(job_file.FILE, Standing(self._clock(), failed=True))
            return
        wanted, shown = {job.name for job in self._jobs}, self._names()
        for gauge, name in [series for series in self._shown if series[1] not in wanted]:
            gauge.remove(name)
            self._shown.discard((gauge, name))
        for name in wanted - shown:
            self._show(name, self._book.entries.get(name, Standing(self._clock())))

    def _names(self) -> set[str]:
        return {name for _, name in self._shown}

    def _show(self, name: str, entry: Standing) -> None:
        found: dict[Gauge, float] = {JOB_FAILED: entry.failed}
        if entry.seconds is not None:
            found[JOB_SECONDS] = entry.seconds
            if not entry.failed:
                found[JOB_SUCCEEDED] = entry.started + entry.seconds
        for gauge, value in found.items():
            gauge.labels(name).set(value)
            self._shown.add((gauge, name))
