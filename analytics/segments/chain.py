"""The chain of runs, a week each, in which every run continues the one of the week before: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from analytics.segments.history import Run
from analytics.segments.week import Week


def due(closed: Iterable[Week], runs: Collection[Run], skipped: Collection[Week]) -> list[Week]:
    """Of the weeks that are over, oldest first, those that the chain lacks.

    A week is in the chain when one of its runs that ended continues a run of the newest week before it that
    has any. So a week that somebody has run by hand before its turn comes again in its turn. A week that was
    due and had no segments (``skipped``) is passed over.
    """
    ended: dict[Week, list[Run]] = {}
    for run in runs:
        if run.ended:
            ended.setdefault(run.week, []).append(run)
    found: list[Week] = []
    before: set[str] = {""}
    for week in closed:
        of_week = ended.get(week, [])
        if not of_week and week in skipped:
            continue
        if not any(run.before in before for run in of_week):
            found.append(week)
        before = {run.digest for run in of_week}
    return found


def settled(weeks: Iterable[Week], landing: Collection[Week]) -> list[Week]:
    """The first of the weeks, up to one of which facts are still landing: those after it continue it."""
    found: list[Week] = []
    for week in weeks:
        if week in landing:
            break
        found.append(week)
    return found
