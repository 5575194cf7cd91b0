"""``mesh jobs``: what runs by the clock, how its last run went, and when it is due."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from mesh.cli._screen import screen
from mesh.jobs.book import Standing, read
from mesh.jobs.job import FILE, Job, jobs
from mesh.jobs.run import log_of
from mesh.kernel.clock import now_seconds
from mesh.kernel.settings import load_settings
from observability.pager.message import span


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show what the scheduler runs by the clock: each command, how its last run ended, and when it is due.

    `jobs.json` in the mesh's home changes the list: `{"marts": 300}` another interval in seconds,
    `{"marts": null}` none at all, `{"stock": {"run": "profile stock-level", "every": 86400}}` a command of
    your own.
    """
    home = load_settings().home
    known, moment = read(home), now_seconds()
    listed = [Listed(job, known.get(job.name), moment) for job in jobs(home)]
    if as_json:
        typer.echo(json.dumps([one.as_dict() for one in listed], indent=1, ensure_ascii=False))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("job", "command", "every", "last run", "took", "result", "due"):
        table.add_column(heading)
    for one in listed:
        table.add_row(*one.cells())
    console = screen()
    console.print(table)
    for one in listed:
        if one.failed:
            console.print(
                f"{one.job.name}: all that it printed is in {log_of(one.job.name, home)}", soft_wrap=True
            )
    console.print(f"intervals and jobs of your own: {home / FILE}", style="dim", soft_wrap=True)


@dataclass(frozen=True)
class Listed:
    """A job and what is known of it; None before the scheduler has seen it."""

    job: Job
    entry: Standing | None
    moment: float

    @property
    def failed(self) -> bool:
        """Whether its last run did."""
        return self.entry is not None and self.entry.failed

    @property
    def has_run(self) -> bool:
        """Whether it ever ended."""
        return self.entry is not None and self.entry.seconds is not None

    def cells(self) -> list[str | Text]:
        """A row of the table."""
        cells: list[str | Text] = [
            self.job.name,
            f"mesh {' '.join(self.job.arguments)}",
            span(self.job.every),
        ]
        if self.entry is None:
            return [*cells, "", "", "the scheduler does not run", ""]
        wait = self.entry.due(self.job) - self.moment
        due = f"in {span(wait)}" if wait > 0 else "now"
        if self.entry.seconds is None:
            return [*cells, "", "", "not yet run", due]
        if self.failed:
            result = Text(f"failed: {self.entry.said}", style="bold red")
        else:
            result = Text("nothing to do yet" if self.entry.said else "ok", style="green")
        ago = span(self.moment - self.entry.started)
        return [*cells, f"{ago} ago", f"{self.entry.seconds:.1f} s", result, due]

    def as_dict(self) -> dict[str, object]:
        """The same for programs; times are Unix seconds."""
        found: dict[str, object] = {
            "job": self.job.name,
            "command": ["mesh", *self.job.arguments],
            "every_seconds": self.job.every,
            "due": None if self.entry is None else self.entry.due(self.job),
        }
        if self.entry is not None and self.entry.seconds is not None:
            found |= {
                "started": self.entry.started,
                "seconds": self.entry.seconds,
                "exit_code": self.entry.exit_code,
                "failed": self.entry.failed,
                "said": self.entry.said,
            }
        return found
