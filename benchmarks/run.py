"""``python -m benchmarks run``: engines in turn on the same input, measured, judged, put side by side."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import environment
from benchmarks.engine import Engine, chosen, engines
from benchmarks.error import BenchmarkError
from benchmarks.ground import Ground, ground
from benchmarks.latency import observe
from benchmarks.measure import Place, measure
from benchmarks.result import FOLDER, LATEST, Result, write
from benchmarks.shape import Live, Shape, shape
from benchmarks.table import table
from mesh.kernel import clock
from mesh.kernel.settings import load_settings
from mesh.platform.launch import Listener

RECORDS = range(1_000, 100_000_001)
DISTURBED = 0.1
"""The share of the machine's CPU time that other programs may take before a measurement says so."""
RATES = range(100, 200_001)


def command(
    engine: Annotated[
        str, typer.Option("--engines", help="Engines, separated by commas; by default all that do the shape.")
    ] = "",
    shapes: Annotated[
        str, typer.Option("--shape", help="lines, orders or full; several separated by commas.")
    ] = "lines",
    records: Annotated[
        int | None, typer.Option(help="Rows out of every engine; by default each engine's own number.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Runs of each engine, of which the median is kept.", min=1)] = 1,
    threads: Annotated[int, typer.Option(help="BENCH_THREADS of every engine.", min=1)] = 1,
    latency: Annotated[bool, typer.Option(help="Measure latency at a steady rate as well.")] = True,
    rate: Annotated[int, typer.Option(help="Rows a second of the latency measurement.")] = 10_000,
    keep: Annotated[str, typer.Option(help="Keep the results under this name too.", metavar="NAME")] = "",
) -> None:
    """Run engines in turn on the same input against the same broker, and judge every record that they write.

    Exit code 1 when the output of an engine is wrong.
    """
    if records is not None and records not in RECORDS:
        raise out_of_range("--records", records, RECORDS)
    if rate not in RATES:
        raise out_of_range("--rate", rate, RATES)
    console = Console(highlight=False)
    asked = [(shape(name), _engines(engine, name)) for name in _words(shapes)]
    _obtain([one for _, group in asked for one in group], console)
    results: list[Result] = []
    home = load_settings().home / "bench"
    with ground(home, Listener(report=console.print)) as place:
        about = _about(place)
        for one, group in asked:
            for each in group:
                rows = records or each.records[one.name]
                runs = [
                    _measured(each, one, rows, place, threads, number, console) for number in range(rounds)
                ]
                middle = statistics.median_low(run.rows_per_cpu_second for run in runs)
                result = next(run for run in runs if run.rows_per_cpu_second == middle)
                if wrong := [run for run in runs if not run.verified]:
                    result = wrong[0]
                if latency and isinstance(one, Live):
                    console.print(f"{each.name}: latency at {rate:,} rows a second")
                    result = replace(
                        result, latency=observe(each, one, rate, place, _place(each, one, "latency"), threads)
                    )
                results.append(result)
                write(results, about, LATEST)
    for name in _words(shapes):
        console.print(table([one for one in results if one.shape == name], name))
    for name in sorted({one.engine for one in results if one.others_cpu_share > DISTURBED}):
        console.print(
            f"[yellow]{name}: other programs were busy meanwhile; measure again on a quiet machine[/]"
        )
    for one_result in results:
        for fault in one_result.faults:
            console.print(f"[red]{one_result.engine}, {one_result.shape}: {fault}[/]")
    if keep:
        write(results, about, FOLDER / f"{clock.now():%Y-%m-%d}-{keep}.json")
    raise typer.Exit(0 if all(one.verified for one in results) else 1)


def _measured(
    engine: Engine, shape: Shape, rows: int, ground: Ground, threads: int, number: int, console: Console
) -> Result:
    """One run of an engine, with its progress shown."""
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} rows")),
        *(TextColumn("{task.fields[cpu]}"), TimeElapsedColumn()),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{shape.name}: publishing the input", total=None, cpu="")
        ground.fill(shape, rows)
        progress.reset(task, description=f"{shape.name}: {engine.name}", total=rows)

        def watch(out: int, wanted: int, cpu: float) -> None:
            progress.update(task, completed=out, total=wanted, cpu=f"{cpu:,.1f} CPU s")

        place = _place(engine, shape, str(number))
        result = measure(engine, shape, rows, ground, place, threads, watch)
    console.print(
        f"{shape.name}: {engine.name}, {result.rows:,} rows, {result.rows_per_cpu_second:,.0f} a CPU second, "
        f"{'right' if result.verified else '[red]wrong[/]'}"
    )
    return result


def _place(engine: Engine, shape: Shape, name: str) -> Place:
    """Topic, group and folder of one run; nothing else has the group as the beginning of its name."""
    label = f"{engine.name}-{shape.name}-{name}"
    folder = load_settings().home / "bench" / "runs" / label
    return Place(shape.rows_topic(label), f"bench.run.{label}", folder.absolute())


def _engines(names: str, shape: str) -> list[Engine]:
    if names:
        return chosen(_words(names), shape)
    return [one for one in map(_load, engines()) if shape in one.shapes]


def _load(name: str) -> Engine:
    from benchmarks.engine import load

    return load(name)


def _obtain(engines: Sequence[Engine], console: Console) -> None:
    """Make every environment before the clock runs."""
    for one in engines:
        environment.words(one, load_settings().home, console.print)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _about(ground: Ground) -> dict[str, Any]:
    """What is known of the moment and the machine."""
    return {
        "measured_at": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}",
        "cores": psutil.cpu_count(),
        "python": platform.python_version(),
        "kafka": ground.version,
    }


def out_of_range(option: str, value: int, allowed: range) -> BenchmarkError:
    """The error of a number that cannot be measured."""
    return BenchmarkError(
        "number-out-of-range",
        f"{value:,} is not between {allowed.start:,} and {allowed.stop - 1:,}",
        place=option,
        remedy="name a number in that range",
    )
