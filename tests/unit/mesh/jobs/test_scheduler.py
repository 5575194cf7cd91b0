"""Jobs run when they are due, one after the other, and how they went is known, measured and kept.

The commands are real ones that need no mesh: ``mesh explain`` and a verb that there is not.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from mesh.jobs.book import Standing, read
from mesh.jobs.job import FILE, USUAL, Job
from mesh.jobs.run import has_failed, log_of, run
from mesh.jobs.scheduler import Scheduler
from mesh.kernel.metrics import REGISTRY

WELL, BADLY = "explain drill-failed", "no-such-command"


@pytest.fixture
def never() -> threading.Event:
    """Nobody stops."""
    return threading.Event()


def plan(home: Path, **commands: tuple[str, int]) -> None:
    """Let these commands be the only jobs."""
    own = {name: {"run": command, "every": every} for name, (command, every) in commands.items()}
    (home / FILE).write_text(json.dumps({**dict.fromkeys(job.name for job in USUAL), **own}))


def measured(metric: str, name: str) -> float | None:
    """A metric of a job as Prometheus would read it."""
    return REGISTRY.get_sample_value(metric, {"name": name})


def test_a_job_is_due_when_its_interval_has_passed(tmp_path: Path, never: threading.Event) -> None:
    """Not at once; and then again when it has passed again."""
    plan(tmp_path, daily=(WELL, 100))
    moment = 1000.0
    scheduler = Scheduler(tmp_path, lambda: moment)
    scheduler.round(never)
    assert read(tmp_path) == {"daily": Standing(1000.0)}
    moment = 1099.0
    scheduler.round(never)
    assert read(tmp_path)["daily"].seconds is None
    moment = 1100.0
    scheduler.round(never)
    entry = read(tmp_path)["daily"]
    assert (entry.started, entry.exit_code, entry.failed, entry.said) == (1100.0, 0, False, "")
    assert "drill-failed" in log_of("daily", tmp_path).read_text()
    assert measured("mesh_failed_jobs", "daily") == 0
    assert measured("mesh_job_last_success_timestamp_seconds", "daily") == 1100.0 + (entry.seconds or 0)
    moment = 1199.0
    scheduler.round(never)
    assert read(tmp_path)["daily"] == entry


def test_a_job_that_has_more_to_do_is_due_again_at_once() -> None:
    """When its run has ended; after one that has done all, when its interval has passed."""
    job = Job("long", ("keep",), 900.0, frozenset({0, 3}), goes_on=3)
    assert Standing(1000.0).due(job) == 1900.0
    assert Standing(1000.0, 30.0, exit_code=3).due(job) == 1030.0
    assert Standing(1000.0, 30.0).due(job) == 1900.0
    assert not has_failed(job, 3, "2 more weeks are due")


def test_a_restart_forgets_nothing(tmp_path: Path, never: threading.Event) -> None:
    """A scheduler that is restarted more often than a job is due runs it all the same."""
    plan(tmp_path, daily=(WELL, 100))
    Scheduler(tmp_path, lambda: 1000.0).round(never)
    Scheduler(tmp_path, lambda: 1090.0).round(never)
    Scheduler(tmp_path, lambda: 1100.0).round(never)
    assert read(tmp_path)["daily"].started == 1100.0


def test_a_job_that_fails_is_measured_until_it_runs_well(tmp_path: Path, never: threading.Event) -> None:
    """With the line that it printed last; the others run all the same."""
    plan(tmp_path, bad=(BADLY, 1), good=(WELL, 1))
    moment = 0.0
    scheduler = Scheduler(tmp_path, lambda: moment)
    scheduler.round(never)
    moment = 1.0
    scheduler.round(never)
    assert (measured("mesh_failed_jobs", "bad"), measured("mesh_failed_jobs", "good")) == (1, 0)
    assert measured("mesh_job_last_success_timestamp_seconds", "bad") is None
    bad = read(tmp_path)["bad"]
    assert bad.exit_code == 2
    assert BADLY in bad.said
    plan(tmp_path, bad=(WELL, 1))
    moment = 2.0
    scheduler.round(never)
    assert measured("mesh_failed_jobs", "bad") == 0
    assert measured("mesh_failed_jobs", "good") is None, "a job that is gone has no series"


def test_an_unreadable_plan_has_failed_and_the_jobs_go_on(tmp_path: Path, never: threading.Event) -> None:
    """Until somebody mends it."""
    plan(tmp_path, daily=(WELL, 10))
    moment = 0.0
    scheduler = Scheduler(tmp_path, lambda: moment)
    scheduler.round(never)
    (tmp_path / FILE).write_text("{")
    moment = 10.0
    scheduler.round(never)
    assert measured("mesh_failed_jobs", FILE) == 1
    assert read(tmp_path)["daily"].started == 10.0
    plan(tmp_path, daily=(WELL, 10))
    scheduler.round(never)
    assert measured("mesh_failed_jobs", FILE) is None


def test_the_longest_overdue_is_first(tmp_path: Path) -> None:
    """So that none waits for ever behind one that is always due."""
    plan(tmp_path, often=(WELL, 1), seldom=(WELL, 5))
    (tmp_path / "job-runs.json").write_text(
        json.dumps({"often": {"started": 8.0}, "seldom": {"started": 1.0}})
    )
    stop, seen = threading.Event(), []

    def clock() -> float:
        if entries := [name for name, entry in read(tmp_path).items() if entry.seconds is not None]:
            seen.append(entries)
            stop.set()
        return 10.0

    Scheduler(tmp_path, clock).round(stop)
    assert seen[0] == ["seldom"]


def test_a_run_ends_when_the_scheduler_does(tmp_path: Path) -> None:
    """At once, without an entry: it is due again at the next start."""
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert run(_hanging(tmp_path), tmp_path, 0.0, stop) is None
    assert time.monotonic() - began < 30


def test_a_run_that_hangs_is_ended(tmp_path: Path, never: threading.Event) -> None:
    """And has failed."""
    entry = run(_hanging(tmp_path), tmp_path, 0.0, never, longest=0.3)
    assert entry is not None
    assert (entry.failed, entry.said) == (True, "did not end within 0 s")


def _hanging(home: Path) -> Job:
    """A command that goes on until it is ended."""
    (home / "logs").mkdir(exist_ok=True)
    (home / "logs" / "sink-1.log").write_text("a line\n")
    return Job("hanging", ("logs", "sink-1", "--follow"), 1.0)


def test_nothing_to_do_yet_is_no_failure() -> None:
    """On a mesh on which no trade has landed nobody is paged over it; any other error is one."""
    marts = USUAL[1]
    assert not has_failed(
        marts, 2, "MartError[no-facts]: no order, payment, shipment or return has landed yet"
    )
    assert not has_failed(marts, 2, "BusyError[busy] /home: somebody else is at work on marts just now")
    assert has_failed(marts, 2, "WarehouseError[warehouse-away] http://127.0.0.1:8123: does not answer")
    assert has_failed(marts, -9, "")
    assert not has_failed(USUAL[0], 1, "rules are broken")
