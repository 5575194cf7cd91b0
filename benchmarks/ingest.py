"""``python -m benchmarks ingest``: what an extract costs, stage by stage.

AdventureWorks is read from its files, checked and encoded as ``mesh ingest --dry-run`` does it, which needs
no broker. The first line counts everything, from reading the mesh's contracts on; the others say where the
time goes. ``--only OrderPlaced`` measures the orders with their lines alone.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import result
from mesh.ingest import encode, extract, pack, rules, run
from mesh.kernel.heap import keep_freed
from mesh.kernel.settings import load_settings

MAPPING = Path("data/adventureworks/mapping.yaml")
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


def command(
    only: Annotated[str | None, typer.Option(help="Only this event.", metavar="EVENT")] = None,
    mapping: Annotated[Path, typer.Option(help="The mapping of the extract.")] = MAPPING,
    rounds: Annotated[int, typer.Option(help="Rounds; the cheapest one counts.", min=1)] = 3,
    keep: Annotated[str, typer.Option(help="Keep the figures under this name too.", metavar="NAME")] = "",
) -> None:
    """Read, check and encode an extract: events and elements a CPU second, and microseconds by stage."""
    keep_freed()
    clock = Clock()
    for stage, owner, name in STAGES:
        setattr(owner, name, clock.timed(stage, getattr(owner, name)))
    best: dict[str, Any] = {}
    for _ in range(rounds):
        clock.seconds.clear()
        report = run.ingest(mapping, load_settings(), only=only, dry_run=True)
        things = report.published + report.elements
        if not best or report.cpu_seconds < best["cpu_seconds"]:
            best = {
                "events": report.published,
                "elements": report.elements,
                "cpu_seconds": round(report.cpu_seconds, 3),
                "events_and_elements_per_cpu_second": round(things / report.cpu_seconds),
                "microseconds_each": {
                    stage: round(clock.seconds[stage] / things * 1e6, 2) for stage, _, _ in STAGES
                },
            }
    typer.echo(result.keep(best, result.about(), "ingest", keep), nl=False)
