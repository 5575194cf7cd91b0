"""``jobs.json`` changes what runs by the clock, and says clearly what it cannot mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.cli import main as cli
from mesh.jobs.job import FILE, USUAL, Job, jobs, planned
from mesh.kernel.errors import JobError


def test_without_a_file_the_usual_jobs_run(tmp_path: Path) -> None:
    """And an empty object changes nothing."""
    assert jobs(tmp_path) == USUAL
    assert planned("{}") == USUAL


def test_a_number_is_another_interval_and_null_puts_a_job_down() -> None:
    """Everything else of the job stays."""
    downs = ", ".join(f'"{job.name}": null' for job in USUAL[1:])
    (quality,) = planned(f'{{"quality": 30, {downs}}}')
    assert (quality.every, quality.arguments) == (30.0, USUAL[0].arguments)
    assert quality.answers == {0, 1}


def test_a_command_of_ones_own_is_taken_apart_as_a_shell_would() -> None:
    """Its name is free."""
    added = planned('{"stock": {"run": "query \'SELECT 1\'", "every": 5}}')[-1]
    assert added == Job("stock", ("query", "SELECT 1"), 5.0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "JobError[jobs-file] jobs.json: is not JSON"),
        ("[]", "JobError[jobs-file] jobs.json: must hold an object with an entry a job"),
        ('{"mart": 5}', "JobError[job-unknown] jobs.json: 'mart' is not a job; did you mean 'marts'?"),
        ('{"mart": null}', "JobError[job-unknown] jobs.json: 'mart' is not a job"),
        ('{"marts": 0}', "JobError[jobs-file] jobs.json: 'marts' must be seconds, null, or"),
        ('{"marts": true}', "JobError[jobs-file] jobs.json: 'marts' must be seconds, null, or"),
        ('{"own": {"run": "status"}}', "JobError[jobs-file] jobs.json: 'own' must be seconds, null, or"),
        ('{"own": {"run": "status", "every": -1}}', "JobError[jobs-file] jobs.json: 'own' must be"),
    ],
)
def test_what_it_cannot_mean_is_one_clear_line(text: str, line: str) -> None:
    """With what, where, and what to do."""
    with pytest.raises(JobError) as error:
        planned(text)
    assert str(error.value).startswith(line)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder in its place, say."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(JobError, match=r"cannot be read \(Is a directory\)"):
        jobs(tmp_path)


@pytest.mark.parametrize("job", USUAL, ids=lambda job: job.name)
def test_the_usual_commands_are_commands(job: Job) -> None:
    """Whose arguments are taken as they stand."""
    verb = cli.load(job.arguments[0])
    verb.make_context(job.arguments[0], list(job.arguments[1:]))
