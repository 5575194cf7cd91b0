"""One week's run from end to end: reads, learns, keeps, and lets what is new be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.segments import history
from analytics.segments.card import card
from analytics.segments.features import read_features
from analytics.segments.history import Run
from analytics.segments.learning import Learned, digest, learn, require_enough
from analytics.segments.parameters import Parameters
from analytics.segments.telling import events
from analytics.segments.week import Week
from mesh.kernel.errors import LearningError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library
    from domains.customer.events import SegmentAssigned

Tell = Callable[[Iterable["SegmentAssigned"]], int]
"""Publishes events, and says how many when all are on the broker."""


@dataclass(frozen=True)
class Done:
    """A run, and whether it was there already."""

    run: Run
    learned: Learned
    card: str
    is_new: bool
    moved: int
    """Customers whose segment is another one than in the run before."""


class Segmenting:
    """Runs weeks, one after another."""

    def __init__(
        self, client: Client, library: Library, timezone: str, parameters: Parameters, tell: Tell
    ) -> None:
        self._client = client
        self._library = library
        self._timezone = timezone
        self._parameters = parameters
        self._tell = tell
        history.set_up(client)

    def done(self) -> set[Week]:
        """The weeks that have a run that ended."""
        return {run.week for run in history.runs(self._client) if run.ended}

    def run(self, week: Week, began_at: datetime) -> Done:
        """Run a week; where the same customers were run in the same way, find the same and write nothing.

        Raises :class:`LearningError` for too few customers, and ``segments-differ`` where a repetition
        finds other segments than the run that it repeats.
        """
        features = read_features(self._client, self._library, week, self._timezone)
        require_enough(features, self._parameters)
        runs = history.runs(self._client)
        prior = next((run for run in reversed(runs) if run.ended and run.week < week), None)
        before = history.read(self._client, prior) if prior else None
        wanted = digest(features, self._parameters, prior.digest if prior else "")
        of_week = [run for run in runs if run.week == week]
        same = next((run for run in of_week if run.digest == wanted), None)
        learned = learn(features, self._parameters, before)
        moved = _moved(before, learned)
        text = card(learned, self._parameters)
        if same:
            _require_same(same, learned)
            if same.ended:
                return Done(same, learned, text, False, moved)
        number = same.number if same else max((run.number for run in of_week), default=0) + 1
        run = Run(week, number, learned.digest, learned.assigned_digest, False, None)
        self._keep(run, learned, text, began_at)
        history.keep_segments(self._client, run, learned)
        ended = replace(run, ended=True, told=self._publish(run, learned, runs))
        self._keep(ended, learned, text, began_at)
        return Done(ended, learned, text, True, moved)

    def _publish(self, run: Run, learned: Learned, runs: list[Run]) -> int | None:
        """Tell what is new of the newest week; an earlier one is kept and not told, since it is over."""
        if any(other.rank > run.rank for other in runs):
            return None
        earlier = [other for other in runs if other.rank < run.rank]
        cut_short = bool(earlier) and not earlier[-1].ended
        known = history.told(self._client)
        return self._tell(events(run, learned, known, self._timezone, everybody=cut_short))

    def _keep(self, run: Run, learned: Learned, text: str, began_at: datetime) -> None:
        history.keep(
            self._client, run, learned, parameters=self._parameters.text(), card=text, began_at=began_at
        )


def _moved(before: Learned | None, learned: Learned) -> int:
    known = before.assigned if before else {}
    return sum(1 for who, segment in learned.assigned.items() if known.get(who, segment) != segment)


def _require_same(run: Run, learned: Learned) -> None:
    if run.assigned_digest != learned.assigned_digest:
        raise LearningError(
            "segments-differ",
            f"run {run.number} of the same customers has found other segments; nothing was written",
            place=str(run.week),
            remedy="another processor or build of NumPy may add differently: repeat it where it was run",
        )
