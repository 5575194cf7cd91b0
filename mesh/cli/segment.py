"""``mesh segment``: learn segments of customers from how they bought up to the end of a week."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
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
    from datetime import date

    from analytics.segments.segmenting import Done, Segmenting
    from domains.customer.events import SegmentAssigned
    from mesh.kernel.settings import Settings

_NOTHING_YET = ("no-facts",)
"""Codes by which no week is due, in a mesh that is still empty."""
_GOODS = 2
"""Kinds of goods that people are shown by segment."""
DIFFERS = 1
"""Exit code of a repetition that found other segments."""
MORE = 3
"""Exit code that says that more weeks are due than there was time for."""


def command(
    as_of: Annotated[
        str,
        typer.Option(metavar="WEEK", help="A week that is over, such as 2014-W26; the newest by default."),
    ] = "",
    due: Annotated[
        bool, typer.Option("--due", help="Run all weeks that are over and have no run, oldest first.")
    ] = False,
    weeks: Annotated[
        int,
        typer.Option(
            min=0, help="Run so many weeks of --due at the most; 0: all. Exit code 3: more are due."
        ),
    ] = 0,
    seconds: Annotated[
        float,
        typer.Option(min=0, help="Begin no further week of --due after so long. Exit code 3: more are due."),
    ] = math.inf,
    quiet: Annotated[
        float, typer.Option(min=0, help="Let a week of --due wait till no fact of it has landed for so long.")
    ] = 0,
    again: Annotated[
        str,
        typer.Option("--repeat", metavar="DIGEST", help="Learn that run again from what was kept, compare."),
    ] = "",
    card: Annotated[bool, typer.Option("--card", help="Show the model card.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a week, for programs.")] = False,
) -> None:
    """Learn segments of customers as of the end of a week, keep them, publish whose segment is new."""
    from analytics.segments.week import parse_week

    if sum((due, bool(as_of), bool(again))) > 1:
        raise LearningError(
            "options-exclusive",
            "--due runs weeks by itself, --as-of one, and --repeat a run",
            place="--due" if due else "--repeat",
            remedy="leave all but one of them out",
        )
    asked = parse_week(as_of) if as_of else None
    settings = load_settings()
    if again:
        _repeat(settings, again, as_json=as_json)
        return
    show = partial(_tell, card=card, as_json=as_json)
    if not due:
        with alone(settings.home, "segments"), _segmenting(settings) as (segmenting, first, today):
            from analytics.segments.week import closed_week

            show(segmenting.run(closed_week(first, today, asked), now()))
        return
    if _run_due(settings, show, weeks or sys.maxsize, seconds, quiet, as_json=as_json):
        raise typer.Exit(MORE)


def _run_due(
    settings: Settings,
    show: Callable[[Done], None],
    most: int,
    seconds: float,
    quiet: float,
    *,
    as_json: bool,
) -> int:
    """Run what is due, and say what is left; how many weeks that are."""
    from analytics.segments.chain import settled
    from analytics.segments.trade import landing
    from analytics.segments.week import closed_weeks

    until = time.monotonic() + seconds
    skipped: list[LearningError] = []
    found, ran, waits = [], 0, None
    try:
        with alone(settings.home, "segments"), _segmenting(settings) as (segmenting, first, today):
            lacking = segmenting.due(closed_weeks(first, today))
            found = lacking
            if quiet and lacking:
                found = settled(lacking, landing(segmenting.client, settings.timezone, quiet))
                waits = lacking[len(found)] if len(found) < len(lacking) else None
            for done in segmenting.run_due(found[:most], lambda: time.monotonic() < until, now):
                ran += 1
                if isinstance(done, LearningError):
                    skipped.append(done)
                else:
                    show(done)
    except MeshError as error:
        if error.code not in _NOTHING_YET:
            raise
    if skipped:
        weeks = (
            f"{skipped[0].place} to {skipped[-1].place} have" if skipped[1:] else f"{skipped[0].place} has"
        )
        typer.echo(f"{weeks} no segments: {skipped[-1].what}", err=True)
    left = len(found) - ran
    lines = [f"{left:,} more weeks are due" if left > 1 else "1 more week is due"] if left else []
    if waits:
        lines.append(f"{waits} waits: facts of it have landed within the last {quiet:g} s")
    for line in lines or ([] if found else ["no week is due"]):
        typer.echo(line, err=as_json)
    return left


def _repeat(settings: Settings, digest: str, *, as_json: bool) -> None:
    """Learn a run again, and say whether it came out the same."""
    from analytics.segments.repeating import repeat

    with warehouse(settings) as client:
        found = repeat(client, digest)
    run, customers = found.run, len(found.learned.assigned)
    if as_json:
        said = {"week": str(run.week), "number": run.number, "digest": run.digest}
        said |= {"data_digest": run.data_digest, "customers": customers, "differing": found.differing}
        typer.echo(json.dumps({**said, "equal": found.equal, "other_libraries": found.other_libraries}))
    else:
        verdict = (
            "all in the same segments"
            if found.equal
            else f"{found.differing:,} in other segments than were kept"
        )
        typer.echo(
            f"{run.week}, run {run.number}, {run.digest[:12]}: {customers:,} customers learned again from "
            f"the features that were kept, {verdict}"
        )
        if not found.data_equal:
            typer.echo(f"the features that were kept are not those of the data digest {run.data_digest[:12]}")
        if found.other_libraries:
            typer.echo("it was learned with other versions of libraries, or other parameters, than are here")
    if not found.equal:
        raise typer.Exit(DIFFERS)


@contextmanager
def _segmenting(settings: Settings) -> Iterator[tuple[Segmenting, date, date]]:
    """What runs weeks, and the days of the first and of the newest fact."""
    from analytics.marts.day import span
    from analytics.marts.reading import read_library
    from analytics.segments.parameters import Parameters
    from analytics.segments.segmenting import Segmenting
    from mesh.kernel.discovery import find_mesh

    library = read_library(find_mesh(settings))
    with warehouse(settings) as client:
        first, today = span(client, settings.timezone)
        yield (
            Segmenting(client, library, settings.timezone, Parameters(), _teller(settings)),
            *(first, today),
        )


def _teller(settings: Settings) -> Callable[[Iterable[SegmentAssigned]], int]:
    """What publishes events, and says how many are on the broker. Without events no broker is asked."""
    from mesh.publish import Publisher

    publishers: list[Publisher] = []

    def tell(events: Iterable[SegmentAssigned]) -> int:
        count = 0
        for event in events:
            if not publishers:
                publishers.append(Publisher(settings))
            publishers[0].publish(event)
            count += 1
        if count:
            publishers[0].flush()
        return count

    return tell


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


def _goods(medians: Mapping[str, float]) -> str:
    """What the median customer buys most, with its share."""
    from analytics.segments.features import SHARE

    shares = {name.removeprefix(SHARE): share for name, share in medians.items() if name.startswith(SHARE)}
    most = sorted(shares, key=lambda kind: -shares[kind])[:_GOODS]
    return ", ".join(f"{kind} {100 * shares[kind]:.0f} %" for kind in most if shares[kind] > 0)


def _show(done: Done) -> None:
    from analytics.segments.features import UNITS

    learned = done.learned
    table = Table("segment", title=f"{learned.week}, run {done.run.number}")
    headings = ("customers", "days since", "orders a year", "net", "units an order", "returns", "online")
    for heading in headings:
        table.add_column(heading, justify="right")
    if UNITS in learned.names:
        table.add_column("buys")
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
            *([_goods(middle)] if UNITS in learned.names else []),
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
