"""One engine on one input: started, watched until it is done, ended, and its output judged."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import environment
from benchmarks.engine import Engine
from benchmarks.error import BenchmarkError
from benchmarks.ground import Ground
from benchmarks.processes import Tree, cpu_seconds, machine_cpu_seconds
from benchmarks.result import Result
from benchmarks.shape import PARTITIONS, End, Shape
from benchmarks.source import lines_of_code
from mesh.platform.paths import ROOT

STEADY_FROM = 0.2
"""The share of the rows after which an engine counts as warm."""
_LOOK = 0.2  # seconds
_STILL = 8.0  # seconds without a new record: longer than any engine's interval between commits
_SILENCE = 120.0  # seconds without a new record after which an engine is given up
Watch = Callable[[int, int, float], None]  # rows out, rows wanted, CPU seconds


@dataclass(frozen=True)
class Sample:
    """How far a run was at one moment."""

    seconds: float
    rows: int
    cpu: float
    broker_cpu: float
    machine_cpu: float
    """All that the processors did, whoever it was for."""
    own_cpu: float
    """What the harness itself used."""

    @property
    def others_cpu(self) -> float:
        """What neither engine, nor broker, nor harness used."""
        return max(0.0, self.machine_cpu - self.cpu - self.broker_cpu - self.own_cpu)


@dataclass(frozen=True)
class Place:
    """Where one run of an engine leaves its traces: topic, group, folder."""

    out: str
    group: str
    folder: Path

    @property
    def state(self) -> Path:
        """The empty folder that the job gets."""
        return self.folder / "state"

    @property
    def schemas(self) -> Path:
        """The folder with the schemas."""
        return self.folder / "schemas"


def start(engine: Engine, shape: Shape, rows: int, ground: Ground, place: Place, threads: int = 1) -> Tree:
    """Start an engine's job on an input, its output topic and folders made new."""
    ground.create({place.out: PARTITIONS})
    return launch(engine, shape, rows, ground, place, threads)


def launch(engine: Engine, shape: Shape, rows: int, ground: Ground, place: Place, threads: int = 1) -> Tree:
    """Start an engine's job in a new folder, for an output topic that is there."""
    shutil.rmtree(place.folder, ignore_errors=True)
    place.state.mkdir(parents=True)
    place.schemas.mkdir()
    return launch_again(engine, shape, rows, ground, place, threads)


def launch_again(
    engine: Engine, shape: Shape, rows: int, ground: Ground, place: Place, threads: int = 1
) -> Tree:
    """Start a job in the folder that one before has left."""
    shape.write_schemas(place.schemas)
    words = environment.words(engine, place.state, lambda _line: None)
    env = {
        **os.environ,
        **{name: value.format(**words) for name, value in engine.env},
        "BENCH_BROKERS": ground.brokers,
        "BENCH_SHAPE": shape.name,
        "BENCH_ORDERS": shape.orders_topic(rows),
        "BENCH_OUT": place.out,
        "BENCH_GROUP": place.group,
        "BENCH_STATE": str(place.state),
        "BENCH_SCHEMAS": str(place.schemas),
        "BENCH_THREADS": str(threads),
    }
    if engine.prepare:
        _prepare([word.format(**words) for word in engine.prepare], env, engine)
    return Tree([word.format(**words) for word in engine.command], env, ROOT, place.folder / "log")


def clear(ground: Ground, place: Place) -> None:
    """Delete the output and whatever topics an engine made for itself; its log stays."""
    ground.delete(topic for topic in ground.topics() if topic == place.out or topic.startswith(place.group))
    shutil.rmtree(place.state, ignore_errors=True)


def measure(
    engine: Engine, shape: Shape, rows: int, ground: Ground, place: Place, threads: int, watch: Watch
) -> Result:
    """Run an engine over an input until it is done, and judge what it wrote.

    Raises :class:`BenchmarkError` (``engine-failed``) when it ends or falls silent before.
    """
    tree = start(engine, shape, rows, ground, place, threads)
    try:
        samples = _watched(tree, shape, rows, ground, place, watch)
    finally:
        tree.end()
    judgement = shape.verify(ground.read(place.out, PARTITIONS), rows)
    clear(ground, place)
    first, last = _steady(samples), samples[-1]
    count = last.rows
    return Result(
        engine=engine.name,
        version=engine.version,
        shape=shape.name,
        rows=count,
        rows_per_cpu_second=round(_rate(last.rows - first.rows, last.cpu - first.cpu)),
        whole_run_rows_per_cpu_second=round(_rate(count, last.cpu)),
        wall_rows_per_second=round(_rate(last.rows - first.rows, last.seconds - first.seconds)),
        broker_cpu_seconds=round(last.broker_cpu, 1),
        others_cpu_share=round(last.others_cpu / last.machine_cpu, 2) if last.machine_cpu else 0.0,
        peak_memory_mb=round(tree.peak_memory / (1 << 20)),
        latency=None,
        verified=judgement.right,
        faults=judgement.faults,
        lines_of_code=lines_of_code(engine.sources_of(shape.name)),
    )


def _watched(tree: Tree, shape: Shape, rows: int, ground: Ground, place: Place, watch: Watch) -> list[Sample]:
    """Samples from the start to the moment when the engine was done."""
    broker, own = psutil.Process(ground.pid), psutil.Process()
    begun = time.monotonic()
    before = [cpu_seconds(broker), machine_cpu_seconds(), cpu_seconds(own)]
    ends = ground.sizes(shape.fact_topics(rows))
    samples = [Sample(0.0, 0, 0.0, 0.0, 0.0, 0.0)]
    while True:
        time.sleep(_LOOK)
        cpu, out = tree.look(), ground.size(place.out, PARTITIONS)
        now = [cpu_seconds(broker), machine_cpu_seconds(), cpu_seconds(own)]
        used = (after - earlier for after, earlier in zip(now, before, strict=True))
        samples.append(Sample(time.monotonic() - begun, out, cpu, *used))
        watch(out, rows, cpu)
        if shape.end is End.COUNTED and out >= rows:
            return samples
        moved = next(one.seconds for one in samples if one.rows == out)
        still = samples[-1].seconds - moved
        if shape.end is End.STILL and out and still > _STILL and ground.committed(place.group, ends):
            return [one for one in samples if one.seconds <= moved]
        if tree.ended or still > _SILENCE:
            what = "ended" if tree.ended else f"wrote nothing for {_SILENCE:.0f} s"
            raise BenchmarkError(
                "engine-failed",
                f"{what} at {out:,} of {rows:,} rows; its last words: {tree.last_words()}",
                place=place.group,
                remedy=f"see {tree.log}",
            )


def _steady(samples: list[Sample]) -> Sample:
    """The sample from which an engine counts as warm; the first where too few rows are left to tell by."""
    rows = samples[-1].rows
    first = next(one for one in samples if one.rows >= rows * STEADY_FROM)
    return first if first.rows <= rows / 2 else samples[0]


def _rate(rows: int, seconds: float) -> float:
    return rows / seconds if seconds > 0 else 0.0


def _prepare(command: list[str], env: dict[str, str], engine: Engine) -> None:
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
        raise BenchmarkError("engine-failed", f"cannot be prepared: {words[-1][:300]}", place=engine.name)
