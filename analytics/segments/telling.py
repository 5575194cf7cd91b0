"""What a run tells: the segment of each customer who is new, or whose segment is another one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analytics.segments.history import Run
from analytics.segments.learning import Learned
from domains.customer.events import SegmentAssigned

SOURCE = "segments"
"""The source that states segments."""
_RUNS_A_WEEK = 1_000
"""Runs of one week that can be told apart by their revision."""


def revision(run: Run) -> int:
    """The revision of what a run tells: higher for later weeks, and for later runs of one week."""
    return run.week.monday.toordinal() // 7 * _RUNS_A_WEEK + run.number


def events(
    run: Run, learned: Learned, known: Mapping[str, str], timezone: str, *, everybody: bool
) -> Iterator[SegmentAssigned]:
    """The events, by rising customer; the same run makes the same ones, to the last character.

    ``known`` is the segment that was told last by customer. Where a run before was cut short nobody knows
    whom it reached: ``everybody`` is told again then.
    """
    seq, moment = revision(run), run.week.end(timezone)
    for customer, segment in learned.assigned.items():
        previous = known.get(customer)
        if everybody or segment != previous:
            yield SegmentAssigned(
                event_id=f"{SOURCE}/SegmentAssigned/{customer}#{seq}",
                source=SOURCE,
                seq=seq,
                occurred_at=moment,
                recorded_at=moment,
                customer_id=customer,
                segment=segment,
                previous_segment=previous if previous != segment else None,
                week=str(run.week),
                run=learned.digest[:12],
            )
