"""``mesh ingest``"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from mesh.cli._screen import screen
from mesh.ingest.run import ingest
from mesh.kernel.heap import keep_freed
from mesh.kernel.settings import load_settings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def command(
    mapping: Annotated[Path, typer.Argument(help="The mapping file of the extract.", metavar="MAPPING")],
    only: Annotated[str | None, typer.Option(help="Only this event.", metavar="EVENT")] = None,
    shuffle: Annotated[
        int | None, typer.Option(help="Send in an order of chance instead of event time.", metavar="SEED")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only the first N of each event.", metavar="N", min=0)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Publish a CSV or Parquet extract as events, in order of event time.

    Rows that break type or contract go to the dead letters of their domain with file, row and reason; the
    rest go on. How to write a mapping: portal/docs/how-to/bring-your-own-data.md.
    """
    keep_freed()
    console = screen(stderr=as_json)
    bar = Progress(
        TextColumn("{task.fields[day]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, day="reading", rate="")

        def show(sent: int, total: int, time: int) -> None:
            elapsed = bar.tasks[task].elapsed or 1e-9
            # With --shuffle the order is not one of time, and there is no day to show.
            day = "" if shuffle is not None else f"{(_EPOCH + timedelta(microseconds=time)).date()}"
            bar.update(task, total=total, completed=sent, day=day, rate=f"{sent / elapsed:,.0f} events/s")

        report = ingest(
            mapping, load_settings(), only=only, shuffle=shuffle, limit=limit, dry_run=dry_run, progress=show
        )
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2))
        return
    console.print(report.table())
    console.print(("nothing was sent: " if dry_run else "") + report.rate(), soft_wrap=True)
    for example in report.examples:
        console.print(f"rejected {example}", markup=False, soft_wrap=True)
