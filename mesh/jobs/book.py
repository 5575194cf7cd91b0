"""What is known of each job: since when, and how its last run ended. Kept in the home, for the next start."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from operator import itemgetter
from pathlib import Path

from mesh.jobs.job import Job

FILE = "job-runs.json"


@dataclass(frozen=True)
class Standing:
    """Where a job stands, in Unix seconds. Before the first run ``started`` is when it became known."""

    started: float
    seconds: float | None = None
    """How long the last run took; None before the first."""
    exit_code: int = 0
    failed: bool = False
    said: str = ""
    """The last line that a run printed which did not end well."""

    def due(self, job: Job) -> float:
        """When the job is due again: at the end of a run that has more to do."""
        if self.seconds is not None and self.exit_code == job.goes_on:
            return self.started + self.seconds
        return self.started + job.every


class Book:
    """The entries of one home."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self.entries = read(home)

    def meet(self, jobs: Iterable[Job], now: float) -> None:
        """Put down jobs that are seen for the first time: each is due when its interval has passed."""
        if new := {job.name: Standing(now) for job in jobs if job.name not in self.entries}:
            self._write(new)

    def due(self, jobs: Iterable[Job], now: float) -> list[Job]:
        """Those of the known jobs that are due, the longest overdue first."""
        late = [(self.entries[job.name].due(job), job) for job in jobs]
        return [job for due, job in sorted(late, key=itemgetter(0)) if due <= now]

    def note(self, name: str, entry: Standing) -> None:
        """Put down how a run ended."""
        self._write({name: entry})

    def _write(self, entries: dict[str, Standing]) -> None:
        self.entries |= entries
        draft = self._path.with_suffix(".part")
        draft.write_text(
            json.dumps({name: asdict(one) for name, one in self.entries.items()}), encoding="utf-8"
        )
        draft.replace(self._path)


def read(home: Path) -> dict[str, Standing]:
    """The entries of a home; none where no job was ever known."""
    try:
        stated = json.loads((home / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {name: Standing(**entry) for name, entry in stated.items()}
