"""A command of the clock that fails."""

from __future__ import annotations

from mesh.drills.faults import Steps
from mesh.drills.ground import Ground
from mesh.jobs.job import FILE
from mesh.kernel.home_file import amend

NAME = "drill"
ENTRY = {"run": "no-such-command", "every": 1}


def job_failing(ground: Ground) -> Steps:
    """A job of its own in ``jobs.json`` asks for a command that there is not; no other job is touched."""
    try:
        ground.tell(f"adding a job to {FILE} that cannot work")
        amend(ground.home / FILE, {NAME: ENTRY})
        yield
    finally:
        ground.tell("taking the job away")
        amend(ground.home / FILE, {NAME: None})
    yield
