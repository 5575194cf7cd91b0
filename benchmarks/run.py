"""``python -m benchmarks run``: engines in turn on the same input, measured, judged, put side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import environment, figure
from benchmarks.bounds import RATES, RECORDS, check
from benchmarks.engine import Engine, chosen, engines, load
from benchmarks.error import BenchmarkError
from benchmarks.goals import goals
from benchmarks.ground import Ground, ground
from benchmarks.latency import observe
from benchmarks.measure import Place, measure
from benchmarks.result import LATEST, Result, about, dated, write
from benchmarks.shape import Live, Shape, shape
from benchmarks.table import OURS, table
from mesh.cli._screen import screen
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener
from streams.engine.kernel import KERNEL

WIDTH = 170
"""Columns of the table where there is no terminal to ask."""
DISTURBED = 0.1
"""The share of the machine's CPU time that other programs may take before a measurement says so."""


def command(
    engine: Annotated[
        str, typer.Option("--engines", help="Engines, separated by commas; by default all that do the shape.")
    ] = "",
    shapes: Annotated[
        str, typer.Option("--shape", help="lines, orders or full; several separated by commas.")
    ] = "lines,orders",
    records: Annotated[
        int | None, typer.Option(help="Rows out of every engine; by default each engine's own number.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Runs of each engine, of which the median is kept.", min=1)] = 1,
    threads: Annotated[int, typer.Option(help="Threads of each engine that can have several.", min=1)] = 1,
    latency: Annotated[bool, typer.Option(help="Measure latency at a steady rate as well.")] = True,
    rate: Annotated[int, typer.Option(help="Rows a second of the latency measurement.")] = 10_000,
    keep: Annotated[str, typer.Option(help="Keep the results under this name too.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run engines in turn on the same input against the same broker, and judge every record that they write.

    Exit code 1 when an engine fails, or its output is wrong.
    """
    if records is not None:
        check("--records", records, RECORDS)
    check("--rate", rate, RATES)
    console = screen(WIDTH, stderr=as_json)
    asked = [(each, shape(name)) for name in _words(shapes) for each in _engines(engine, name)]
    for each, _ in asked:  # before the clock runs
        environment.words(each, load_settings().home, console.print)
    results: list[Result] = []
    failed: list[BenchmarkError] = []
    with ground(load_settings().home / "bench", Listener(report=console.print)) as place:
        known = about(kafka=place.version)
        session = _Session(place, console, records, rounds, threads, rate if latency else None)
        for each, one in asked:
            try:
                results.append(session.result(each, one))
            except BenchmarkError as error:
                if error.code != "engine-failed":
                    raise
                failed.append(error)
                console.print(f"[red]{escape(str(error))}[/]")
            write(results, known, LATEST)
    if keep:
        write(results, known, dated(keep))
    _tell(console, results, failed)
    if as_json:
        typer.echo(LATEST.read_text(), nl=False)
    raise typer.Exit(0 if not failed and all(one.verified for one in results) else 1)


@dataclass(frozen=True)
class _Session:
    """How every engine of one run is measured; without a ``rate`` there is no latency."""

    ground: Ground
    console: Console
    records: int | None
    rounds: int
    threads: int
    rate: int | None

    def result(self, engine: Engine, shape: Shape) -> Result:
        """The median of an engine's runs, or a wrong one where there is one, with its latency."""
        rows = self.records or engine.records[shape.name]
        runs = [self._measured(engine, shape, rows, number) for number in range(self.rounds)]
        wrong = [run for run in runs if not run.verified]
        ordered = sorted(wrong or runs, key=lambda run: run.rows_per_cpu_second)
        result = ordered[(len(ordered) - 1) // 2]
        if self.rate is None or not isinstance(shape, Live):
            return result
        self.console.print(f"{shape.name}: {engine.name}, latency at {self.rate:,} rows a second")
        place = _place(engine, shape, "latency")
        return replace(result, latency=observe(engine, shape, self.rate, self.ground, place, self.threads))

    def _measured(self, engine: Engine, shape: Shape, rows: int, number: int) -> Result:
        """One run of an engine, with its progress shown."""
        columns = (
            *(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} rows")),
            *(TextColumn("{task.fields[cpu]}"), TimeElapsedColumn()),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(f"{shape.name}: publishing the input", total=None, cpu="")
            self.ground.fill(shape, rows)
            progress.reset(task, description=f"{shape.name}: {engine.name}", total=rows)

            def watch(out: int, wanted: int, cpu: float) -> None:
                progress.update(task, completed=out, total=wanted, cpu=f"{cpu:,.1f} CPU s")

            place = _place(engine, shape, str(number))
            result = measure(engine, shape, rows, self.ground, place, self.threads, watch)
        found = "right" if result.verified else "[red]wrong[/]"
        rate = f"{result.rows_per_cpu_second:,.0f} a CPU second"
        self.console.print(f"{shape.name}: {engine.name}, {result.rows:,} rows, {rate}, {found}")
        return result


def _tell(console: Console, results: Sequence[Result], failed: Sequence[BenchmarkError]) -> None:
    """The tables, and whatever takes from their worth."""
    for name in dict.fromkeys(one.shape for one in results):
        console.print(table([one for one in results if one.shape == name], name))
    if figures := goals(results):
        console.print(figure.table("goals", figures))
    if KERNEL is None and any(one.engine == OURS for one in results):
        console.print("[yellow]ours ran without its compiled kernel, as ours-python does[/]")
    for one in results:
        if one.others_cpu_share > DISTURBED:
            console.print(
                f"[yellow]{one.shape}, {one.engine}: other programs took {one.others_cpu_share:.0%} of the "
                "machine's CPU time; measure again on a quiet machine[/]"
            )
        for fault in one.faults:
            console.print(f"[red]{one.shape}, {one.engine}: {escape(fault)}[/]")
    for error in failed:
        console.print(f"[red]{escape(str(error))}[/]")


def _place(engine: Engine, shape: Shape, name: str) -> Place:
    """Topic, group and folder of one run; nothing else has the group as the beginning of its name."""
    label = f"{engine.name}-{shape.name}-{name}"
    folder = load_settings().home / "bench" / "runs" / label
    return Place(shape.rows_topic(label), f"bench.run.{label}", folder.absolute())


def _engines(names: str, shape: str) -> list[Engine]:
    """Those that are named, or all that do the shape."""
    if names:
        return chosen(_words(names), shape)
    return [one for one in map(load, engines()) if shape in one.shapes]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
