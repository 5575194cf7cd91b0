"""Learns a run again from what it was learned from, as that was kept, and compares."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from analytics.segments import history
from analytics.segments.features import is_known
from analytics.segments.history import Run
from analytics.segments.learning import Learned, learn
from analytics.segments.parameters import Parameters
from mesh.kernel.errors import LearningError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_SHOWN = 12
"""Digits of a digest that people are shown."""
_KNOWN = 3
"""Newest runs that are named to whom an unknown digest is refused."""


@dataclass(frozen=True)
class Repetition:
    """A run, and what was learned again."""

    run: Run
    learned: Learned
    differing: int
    """Customers who were put into another segment, or only once."""
    data_equal: bool
    """Whether the kept features are those of the digest, bit by bit."""
    other_libraries: bool
    """Whether the run was learned with other versions of libraries than are here."""

    @property
    def equal(self) -> bool:
        """Whether everything came out as it was kept."""
        return self.data_equal and not self.differing and self._same_assigned

    @property
    def _same_assigned(self) -> bool:
        return self.learned.assigned_digest == self.run.assigned_digest


def repeat(client: Client, digest: str) -> Repetition:
    """Learn again what the run of a digest learned, from the kept features, by the kept parameters.

    ``digest`` is that of a run or of its data, or how it begins. Nothing is read of the facts, and nothing is
    written. Raises :class:`LearningError` for one that no run has, or several, or where less was kept than is
    needed.
    """
    history.set_up(client)
    runs = [run for run in history.runs(client) if run.ended]
    run = find(runs, digest)
    features = history.features(client, run)
    text = history.parameters(client, run)
    parameters = Parameters.of(text)
    before = next((one for one in runs if one.digest == run.before), None)
    if (
        features is None
        or parameters is None
        or not all(map(is_known, features.names))
        or (run.before and before is None)
    ):
        raise LearningError(
            "run-not-repeatable",
            "was kept by a version of the mesh that kept less, or learned otherwise",
            place=f"{run.week}, run {run.number}",
            remedy="repeat it with that version, or name a younger run",
        )
    learned = learn(features, parameters, history.read(client, before) if before else None)
    kept = history.read(client, run).assigned
    differing = sum(
        1 for who in kept.keys() | learned.assigned.keys() if kept.get(who) != learned.assigned.get(who)
    )
    return Repetition(run, learned, differing, features.digest == run.data_digest, text != parameters.text())


def find(runs: list[Run], digest: str) -> Run:
    """The run of a digest; raises :class:`LearningError` ``digest-unknown`` or ``digest-ambiguous``."""
    found = [
        run
        for run in runs
        if digest and any(one.startswith(digest.lower()) for one in (run.digest, run.data_digest))
    ]
    if len({run.digest for run in found}) == 1:
        return found[0]
    if found:
        names = ", ".join(_named(run) for run in found[-_KNOWN:])
        raise LearningError(
            "digest-ambiguous",
            f"{len(found)} runs have it",
            place=digest,
            remedy=f"name one of them: {names}",
        )
    names = ", ".join(_named(run) for run in reversed(runs[-_KNOWN:]))
    near = get_close_matches(digest[:_SHOWN], [run.digest[:_SHOWN] for run in runs], n=1)
    remedy = [f"did you mean {near[0]}?"] if near else []
    remedy.append(f"the newest runs are {names}" if runs else "run a week first")
    raise LearningError(
        "digest-unknown", "no run that ended has it", place=digest or "--repeat", remedy=" ".join(remedy)
    )


def _named(run: Run) -> str:
    return f"{run.digest[:_SHOWN]} ({run.week})"
