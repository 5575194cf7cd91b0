"""Which commands run by the clock, and how often.

``jobs.json`` in the home changes the list while the mesh runs. It holds an object with an entry a job:
``{"marts": 300}`` gives a job another interval in seconds, ``{"marts": null}`` puts it down, and
``{"stock": {"run": "profile stock-level", "every": 86400}}`` adds a command of one's own.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mesh.kernel.errors import JobError, did_you_mean

FILE = "jobs.json"


@dataclass(frozen=True)
class Job:
    """One command of ``mesh`` with its arguments, and the seconds between the starts of two runs.

    ``answers`` are the exit codes by which the command tells what it found; any other is a failure. By
    ``goes_on`` it tells that it has more to do: it is due again at once, after all that are due then.
    """

    name: str
    arguments: tuple[str, ...]
    every: float
    answers: frozenset[int] = frozenset({0})
    goes_on: int | None = None


USUAL = (
    Job(
        "quality", ("quality", "--broken"), 600, frozenset({0, 1})
    ),  # 1: rules are broken, which is paged anyway
    Job("marts", ("marts", "refresh"), 900),
    Job(
        "segments",
        ("segment", "--due", "--seconds", "30", "--quiet", "60"),
        900,
        frozenset({0, 3}),
        goes_on=3,  # by event time: a closed week, in replay as in live, where years of them are due at once
    ),
    Job("kept", ("keep",), 60),  # where nothing has landed it is done at once
    Job("profile", ("profile",), 86400),  # what stands there on each day, whenever it happened
)
"""What every mesh does."""


def jobs(home: Path) -> tuple[Job, ...]:
    """The jobs of a mesh; raise :class:`JobError` where ``jobs.json`` says something else than it may."""
    path = home / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return USUAL
    except OSError as error:
        raise JobError("jobs-file", f"cannot be read ({error.strerror})", place=str(path)) from None
    return planned(text, str(path))


def planned(text: str, place: str = FILE, usual: Iterable[Job] = USUAL) -> tuple[Job, ...]:
    """The jobs, as the text of a ``jobs.json`` changes them."""
    try:
        stated = json.loads(text)
    except ValueError as error:
        raise JobError("jobs-file", f"is not JSON ({error})", place=place) from None
    if not isinstance(stated, dict):
        raise JobError("jobs-file", "must hold an object with an entry a job", place=place)
    found = {job.name: job for job in usual}
    for name, entry in stated.items():
        if entry is None:
            found.pop(_known(name, found, place))
        elif _is_interval(entry):
            found[name] = replace(found[_known(name, found, place)], every=float(entry))
        else:
            found[name] = _own(name, entry, place)
    return tuple(found.values())


def _known(name: str, found: dict[str, Job], place: str) -> str:
    if name in found:
        return name
    remedy = f"{did_you_mean(name, found)} A job of your own has 'run' and 'every'"
    raise JobError("job-unknown", f"{name!r} is not a job", place=place, remedy=remedy)


def _own(name: str, entry: Any, place: str) -> Job:
    if (
        isinstance(entry, dict)
        and entry.keys() == {"run", "every"}
        and isinstance(entry["run"], str)
        and _is_interval(entry["every"])
    ):
        return Job(name, tuple(shlex.split(entry["run"])), float(entry["every"]))
    raise JobError(
        "jobs-file",
        f"{name!r} must be seconds, null, or an object with 'run' and 'every'",
        place=place,
        remedy='as in {"stock": {"run": "profile stock-level", "every": 86400}}',
    )


def _is_interval(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
