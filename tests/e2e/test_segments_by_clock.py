"""The scheduler by itself learns every week that the trade's own clock has closed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from mesh.jobs.job import FILE, USUAL
from mesh.kernel.warehouse import connect
from mesh.reconcile.settle import settle
from tests.e2e.running_mesh import Mesh

pytestmark = pytest.mark.real
EVERY = 10
"""Seconds between two looks of the scheduler: each takes a process, and most find that weeks still wait."""
HISTORY = ("simulate", "strideright", "--customers", "800", "--days", "200")
PATIENCE = 300.0
"""Seconds until the last week must have its run: those that it waits for facts, and those that runs take."""


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh whose scheduler runs nothing but segments, every few seconds, while a history lands."""
    mesh = Mesh(tmp_path_factory.mktemp("by-clock") / "home")
    try:
        started = mesh.run("up", "--retailer", "strideright")
        assert started.returncode == 0, started.stdout + started.stderr
        others = dict.fromkeys(job.name for job in USUAL if job.name != "segments")
        (mesh.home / FILE).write_text(json.dumps({**others, "segments": EVERY}))
        published = mesh.run(*HISTORY)
        assert published.returncode == 0, published.stdout + published.stderr
        settle(mesh.settings, 240, lambda _: None)
        yield mesh
    finally:
        print(mesh.run("down", "--purge").stdout)


def ask(mesh: Mesh, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the warehouse; none while a table is not there yet."""
    with contextlib.closing(connect(mesh.settings)) as client:
        return [tuple(row) for row in client.query(sql).result_rows]


def by_hand(mesh: Mesh, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command between two runs of the scheduler, which keep it from beginning."""
    until = time.monotonic() + PATIENCE
    while "[busy]" in (done := mesh.run(*words)).stderr and time.monotonic() < until:
        time.sleep(0.3)
    return done


def test_the_scheduler_runs_every_week_that_is_over(mesh: Mesh) -> None:
    """In order, each continuing the one before, as if it were run now with all facts there."""
    ((closed,),) = ask(mesh, "SELECT dateDiff('week', toDate(first), toDate(clock)) FROM model.clock")
    ended = "SELECT count() FROM learned.segment_runs WHERE stage = 1"
    count = f"({ended}) + (SELECT count() FROM learned.segment_skips)"
    until = time.monotonic() + PATIENCE
    found = [(0,)]
    while found != [(closed,)] and time.monotonic() < until:
        time.sleep(2)
        if ask(mesh, "SELECT 1 FROM system.tables WHERE database = 'learned' AND name = 'segment_skips'"):
            found = ask(mesh, f"SELECT {count}")
    log = (mesh.home / "logs" / "job-segments.log").read_text()
    assert found == [(closed,)], log
    assert closed > 25
    columns = "week, number, digest, before, told"
    runs = ask(mesh, f"SELECT {columns} FROM learned.segment_runs ORDER BY monday, number")
    assert len(runs) > 15
    assert {number for _, number, _, _, _ in runs} == {1}
    assert runs[0][3] == ""
    for earlier, later in pairwise(runs):
        assert later[3] == earlier[2]
    assert all(told is not None for *_, told in runs)
    for place in (0, len(runs) // 2, -1):
        again = by_hand(mesh, "segment", "--as-of", runs[place][0], "--json")
        assert again.returncode == 0, again.stderr
        said = json.loads(again.stdout)
        assert (said["digest"], said["is_new"]) == (runs[place][2], False)


def test_what_it_ran_comes_back_over_the_topic(mesh: Mesh) -> None:
    """The segments that the newest run has are those that landed."""
    settle(mesh.settings, 120, lambda _: None)
    newest = "(SELECT max(monday) FROM learned.segment_runs)"
    kept = ask(mesh, f"SELECT customer_id, segment FROM learned.segment_assignments WHERE monday = {newest}")
    landed = ask(mesh, "SELECT customer_id, segment FROM customer.segments")
    assert sorted(landed) == sorted(kept) != []


def test_the_job_has_not_failed(mesh: Mesh) -> None:
    """Weeks that wait, or are more than one run has time for, are no failure."""
    (job,) = [one for one in json.loads(mesh.run("jobs", "--json").stdout) if one["job"] == "segments"]
    assert (job["failed"], job["every_seconds"]) == (False, EVERY)
