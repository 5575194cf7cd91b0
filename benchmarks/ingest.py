"""``python -m benchmarks ingest``: what an extract costs, stage by stage.

AdventureWorks is read from its files, checked, encoded and published as ``mesh ingest`` does it, to a broker
of the measurement's own, several times in one process; the first round, in which everything is loaded, is
told beside the cheapest. CPU is the process's own with all of its threads, librdkafka's among them.
``--dry-run`` leaves out the sending; ``--only OrderPlaced`` takes the orders with their lines alone.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import result
from benchmarks.figure import Figure, table
from benchmarks.own_mesh import own_mesh
from mesh import provisioning
from mesh.cli._screen import screen
from mesh.ingest import encode, extract, pack, rules, run
from mesh.ingest.report import IngestReport
from mesh.kernel.heap import keep_freed
from mesh.kernel.settings import Settings, load_settings
from mesh.platform.launch import Listener
from mesh.publish import outbox

MAPPING = Path("data/adventureworks/mapping.yaml")
LINES, GOAL = "OrderPlaced", 200_000
"""The event that has a goal, and its goal: events and elements of their lists (order lines) a CPU second."""
STAGES = (
    ("contracts of the mesh", run, "find_mesh"),
    ("files and views", run, "open_source"),
    ("SELECTs", extract.Rows, "__init__"),
    ("order of time", extract.Rows, "arrange"),
    ("lists to their events", extract.Rows, "attach"),
    ("types and ids", extract.Rows, "between"),
    ("rules", rules.Judge, "broken"),
    ("partitions", pack, "partition_column"),
    ("encoding", encode.Encoder, "encode"),
    ("records", pack.Packer, "pack"),
    ("sending", outbox.Outbox, "send_batch"),
    ("acknowledged", outbox.Outbox, "flush"),
)
"""Where the time of a stage is taken, outer stages without the inner ones."""


class Clock:
    """CPU seconds of each stage; what runs inside another stage counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner: list[float] = [0.0]

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, with its time taken."""

        def watched(*arguments: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            began = time.process_time()
            try:
                return work(*arguments, **options)
            finally:
                spent = time.process_time() - began
                self.seconds[stage] += spent - self._inner.pop()
                self._inner[-1] += spent

        return watched

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take the time of the stages meanwhile."""
        plain = [getattr(owner, name) for _, owner, name in STAGES]
        for (stage, owner, name), work in zip(STAGES, plain, strict=True):
            setattr(owner, name, self.timed(stage, work))
        try:
            yield
        finally:
            for (_, owner, name), work in zip(STAGES, plain, strict=True):
                setattr(owner, name, work)


def command(
    only: Annotated[str | None, typer.Option(help="Only this event.", metavar="EVENT")] = None,
    mapping: Annotated[Path, typer.Option(help="The mapping of the extract.")] = MAPPING,
    rounds: Annotated[int, typer.Option(help="Rounds; the cheapest one counts.", min=1)] = 4,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and encode, send nothing.")] = False,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Read, check, encode and publish an extract: events and elements a CPU second, and where they go."""
    keep_freed()
    console = screen(stderr=as_json)
    clock = Clock()
    reports, spent = [], []
    with _settings(console, dry_run=dry_run) as (settings, versions), clock.watching():
        for number in range(rounds):
            clock.seconds.clear()
            with console.status(f"round {number + 1} of {rounds}"):
                reports.append(run.ingest(mapping, settings, only=only, dry_run=dry_run))
            spent.append(dict(clock.seconds))
    best = min(range(rounds), key=lambda number: reports[number].cpu_seconds)
    about = result.about(**versions)
    figures = _figures(reports[0], reports[best], spent[best], GOAL if only == LINES else None)
    text = result.keep(
        {
            "sent": not dry_run,
            "events": reports[best].published,
            "elements": reports[best].elements,
            "figures": [one.as_json() for one in figures],
        },
        about,
        "ingest",
        keep,
    )
    if as_json:
        typer.echo(text, nl=False)
    else:
        console.print(table(f"{mapping}, {only or 'all events'}", figures))


@contextmanager
def _settings(console: Console, *, dry_run: bool) -> Iterator[tuple[Settings, dict[str, str]]]:
    """Where to publish, and the versions of what takes part."""
    if dry_run:
        yield load_settings(), {}
        return
    home = load_settings().home / "bench-mesh"
    with own_mesh(home, Listener(report=console.print), apps=()) as mesh:
        provisioning.apply(mesh.settings, lambda _: None)
        yield mesh.settings, mesh.versions


def _figures(
    first: IngestReport, best: IngestReport, spent: dict[str, float], goal: float | None
) -> list[Figure]:
    things = best.published + best.elements
    rate = "events and elements of their lists a CPU second"
    return [
        Figure("rate", rate, things / best.cpu_seconds, "", goal, at_least=True),
        Figure("first-round", "… in the first round", things / first.cpu_seconds, ""),
        Figure("cost", "CPU microseconds each", best.cpu_seconds / things * 1e6, "µs"),
        *(
            Figure(stage.replace(" ", "-"), f"  {stage}", spent[stage] / things * 1e6, "µs")
            for stage, _, _ in STAGES
            if stage in spent
        ),
    ]
