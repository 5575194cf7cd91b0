"""``mesh segment``: learn segments of customers from how they bought up to the end of a week."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markdown import Markdown
from rich.table import Table

from mesh.cli._marts_asked import warehouse
from mesh.cli._screen import screen
from mesh.kernel.alone import alone
from mesh.kernel.clock import now
from mesh.kernel.errors import LearningError, MeshError
from mesh.kernel.settings import load_settings

if TYPE_CHECKING:
    from analytics.segments.segmenting import Done, Segmenting
    from analytics.segments.week import Week
    from domains.customer.events import SegmentAssigned
    from mesh.kernel.settings import Settings

_NOT_YET = ("too-few-customers", "customers-alike")
"""Codes of weeks that have no segments, which keep none of the others that are due from being run."""
_NOTHING_YET = ("no-facts",)
"""Codes by which no week is due, in a mesh that is still empty."""


def command(
    as_of: Annotated[
        str,
        typer.Option(metavar="WEEK", help="A week that is over, such as 2014-W26; the newest by default."),
    ] = "",
    due: Annotated[bool, typer.Option("--due", help="Run all weeks that are over and have no run.")] = False,
    weeks: Annotated[int, typer.Option(min=1, help="How many weeks --due looks back.")] = 12,
    card: Annotated[bool, typer.Option("--card", help="Show the model card.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a week, for programs.")] = False,
) -> None:
    """Learn segments of customers as of the end of a week, keep them, publish whose segment is new."""
    from analytics.segments.week import parse_week

    if due and as_of:
        raise LearningError(
            "options-exclusive", "--due runs weeks by itself", place="--as-of", remedy="leave one of them out"
        )
    asked = parse_week(as_of) if as_of else None
    settings = load_settings()
    try:
        with alone(settings.home, "segments"), _segmenting(settings) as (segmenting, first, today):
            found = _weeks(segmenting, first, today, asked, weeks if due else 0)
            for week in found:
                try:
                    _tell(segmenting.run(week, now()), card=card, as_json=as_json)
                except LearningError as error:
                    if not due or error.code not in _NOT_YET:
                        raise
                    typer.echo(error, err=True)
    except MeshError as error:
        if not due or error.code not in _NOTHING_YET:
            raise
        found = []
    if not found and not as_json:
        typer.echo("no week is due")


@contextmanager
def _segmenting(settings: Settings) -> Iterator[tuple[Segmenting, Any, Any]]:
    """What runs weeks, and the days of the first and of the newest fact."""
    from analytics.marts.day import span
    from analytics.marts.reading import read_library
    from analytics.segments.parameters import Parameters
    from analytics.segments.segmenting import Segmenting
    from mesh.kernel.discovery import find_mesh

    def tell(events: Iterable[SegmentAssigned]) -> int:
        return _publish(settings, events)

    library = read_library(find_mesh(settings))
    with warehouse(settings) as client:
        first, today = span(client, settings.timezone)
        yield Segmenting(client, library, settings.timezone, Parameters(), tell), first, today


def _weeks(segmenting: Segmenting, first: Any, today: Any, asked: Week | None, due_weeks: int) -> list[Week]:
    from analytics.segments.week import closed_week, due

    if due_weeks:
        return due(first, today, segmenting.done(), due_weeks)
    return [closed_week(first, today, asked)]


def _publish(settings: Settings, events: Iterable[SegmentAssigned]) -> int:
    """Publish; how many are on the broker. Without events no broker is asked."""
    from mesh.publish import Publisher

    for first in (waiting := iter(events)):
        with Publisher(settings) as publisher:
            for event in chain([first], waiting):
                publisher.publish(event)
        return publisher.published
    return 0


def _tell(done: Done, *, card: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document(done), ensure_ascii=False))
    elif card:
        screen().print(Markdown(done.card))
    else:
        _show(done)


def document(done: Done) -> dict[str, Any]:
    """A run for programs."""
    learned = done.learned
    return {
        "week": str(learned.week),
        "number": done.run.number,
        "digest": learned.digest,
        "data_digest": learned.data_digest,
        "assigned_digest": learned.assigned_digest,
        "before": learned.before,
        "is_new": done.is_new,
        "customers": len(learned.assigned),
        "silhouette": learned.silhouette,
        "silhouettes": dict(learned.silhouettes),
        "drift": dict(learned.drift),
        "moved": done.moved,
        "told": done.run.told,
        "segments": [
            {
                "segment": one.name,
                "described": one.described,
                "continues": one.continues,
                "customers": one.customers,
                "medians": dict(one.medians),
            }
            for one in learned.segments
        ],
    }


def _show(done: Done) -> None:
    learned = done.learned
    table = Table("segment", title=f"{learned.week}, run {done.run.number}")
    headings = ("customers", "days since", "orders a year", "net", "units an order", "returns", "online")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in learned.segments:
        middle = one.medians
        name = one.name if one.described in one.name else f"{one.name} (now: {one.described})"
        table.add_row(
            name,
            f"{one.customers:,}",
            f"{middle['recency']:.0f}",
            f"{middle['frequency']:.0f}",
            f"{middle['monetary']:,.0f}",
            f"{middle['basket']:.1f}",
            f"{100 * middle['return_rate']:.0f} %",
            f"{100 * middle['online_share']:.0f} %",
        )
    console = screen()
    console.print(table)
    moved = max(learned.drift, key=learned.drift.__getitem__, default="")
    drift = f"drift at most {learned.drift[moved]:.3f} ({moved})" if moved else "no week before to drift from"
    told = (
        "not told, a later week has been" if done.run.told is None else f"{done.run.told:,} events published"
    )
    what = told if done.is_new else "as it was run before: nothing was written"
    console.print(
        f"medians of {len(learned.assigned):,} customers; silhouette {learned.silhouette:.3f}; {drift}; "
        f"{done.moved:,} moved; {what}",
        style="dim",
        soft_wrap=True,
    )
