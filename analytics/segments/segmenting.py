"""One week's run from end to end: reads, learns, keeps, and lets what is new be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from analytics.segments import history
from analytics.segments.card import card
from analytics.segments.chain import due
from analytics.segments.features import Features
from analytics.segments.history import Run
from analytics.segments.learning import Learned, digest, learn, require_enough
from analytics.segments.parameters import Parameters
from analytics.segments.telling import events
from analytics.segments.trade import Trade, read_trade
from analytics.segments.week import Week
from mesh.kernel.errors import LearningError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from analytics.marts.relation import Library
    from domains.customer.events import SegmentAssigned

Tell = Callable[[Iterable["SegmentAssigned"]], int]
"""Publishes events, and says how many when all are on the broker."""
Clock = Callable[[], datetime]
NO_SEGMENTS = ("too-few-customers", "customers-alike")
"""Codes of weeks that have no segments, which keep none of the others that are due from being run."""


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
    """Runs weeks, one after another. Nobody else may run any meanwhile: what was kept is read once."""

    def __init__(
        self, client: Client, library: Library, timezone: str, parameters: Parameters, tell: Tell
    ) -> None:
        self.client = client
        self._library = library
        self._timezone = timezone
        self._parameters = parameters
        self._tell = tell
        history.set_up(client)
        self._runs = history.runs(client)
        self._trade: tuple[Week, Trade] | None = None
        self._newest: Done | None = None
        self._told: dict[str, str] | None = None

    def due(self, closed: Iterable[Week]) -> list[Week]:
        """Of the weeks that are over those that are due, oldest first (see :func:`chain.due`)."""
        return due(closed, self._runs, history.skipped(self.client))

    def read(self, until: Week) -> None:
        """Read the facts of all weeks up to one at once, for the runs that follow."""
        self._trade = until, read_trade(self.client, self._library, until.sunday, self._timezone)

    def run(self, week: Week, began_at: datetime) -> Done:
        """Run a week; where the same customers were run in the same way, find the same and write nothing.

        Raises :class:`LearningError` for too few customers, and ``segments-differ`` where a repetition
        finds other segments than the run that it repeats.
        """
        features = self._features(week)
        require_enough(features, self._parameters)
        prior = next((run for run in reversed(self._runs) if run.ended and run.week < week), None)
        before = self._learned(prior) if prior else None
        wanted = digest(features, self._parameters, prior.digest if prior else "")
        of_week = [run for run in self._runs if run.week == week]
        same = next((run for run in of_week if run.digest == wanted), None)
        learned = learn(features, self._parameters, before)
        moved = _moved(before, learned)
        text = card(learned, self._parameters)
        if same:
            _require_same(same, learned)
            if same.ended:
                return Done(same, learned, text, False, moved)
        number = same.number if same else max((run.number for run in of_week), default=0) + 1
        run = Run(
            *(week, number, learned.digest, learned.data_digest, learned.assigned_digest, learned.before),
            ended=False,
            told=None,
        )
        self._keep(run, learned, text, began_at)
        history.keep_segments(self.client, run, learned, features)
        ended = replace(run, ended=True, told=self._publish(run, learned))
        self._keep(ended, learned, text, began_at)
        self._newest = Done(ended, learned, text, True, moved)
        return self._newest

    def run_due(
        self, weeks: Sequence[Week], goes_on: Callable[[], bool], clock: Clock
    ) -> Iterator[Done | LearningError]:
        """Run weeks that are due, oldest first, until all have run or ``goes_on`` says no; one at the least.

        A week without segments is written down as passed over; the error says why there are none.
        """
        if weeks:
            self.read(weeks[-1])
        for week in weeks:
            try:
                yield self.run(week, clock())
            except LearningError as error:
                if error.code not in NO_SEGMENTS:
                    raise
                history.skip(self.client, week, error.code, clock())
                yield error
                continue
            if not goes_on():
                return

    def _features(self, week: Week) -> Features:
        if self._trade is None or self._trade[0] < week:
            self.read(week)
        assert self._trade is not None
        return self._trade[1].features(week, self._parameters.kinds)

    def _learned(self, run: Run) -> Learned:
        newest = self._newest
        if newest and newest.run == run:
            return newest.learned
        return history.read(self.client, run)

    def _publish(self, run: Run, learned: Learned) -> int | None:
        """Tell what is new of the newest week; an earlier one is kept and not told, since it is over."""
        if any(other.rank > run.rank for other in self._runs):
            return None
        earlier = [other for other in self._runs if other.rank < run.rank]
        cut_short = bool(earlier) and not earlier[-1].ended
        if self._told is None:
            self._told = history.told(self.client)
        count = self._tell(events(run, learned, self._told, self._timezone, everybody=cut_short))
        self._told |= learned.assigned
        return count

    def _keep(self, run: Run, learned: Learned, text: str, began_at: datetime) -> None:
        history.keep(
            self.client, run, learned, parameters=self._parameters.text(), card=text, began_at=began_at
        )
        self._runs = sorted([*(one for one in self._runs if one.rank != run.rank), run], key=_rank)


def _rank(run: Run) -> tuple[date, int]:
    return run.rank


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
