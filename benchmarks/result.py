"""What a measurement found, and the files that keep it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesh.kernel import clock

FOLDER = Path(__file__).parent / "results"
LATEST = FOLDER / "latest.json"


@dataclass(frozen=True)
class Latency:
    """Seconds from an order's moment until a consumer has its row, at ``rate`` rows a second."""

    rate: int
    rows: int
    p50: float
    p95: float
    p99: float
    kept_up: bool
    """Whether all rows came within seconds of the last order; else the engine is slower than the rate."""


@dataclass(frozen=True)
class Result:
    """One engine on one shape.

    ``rows_per_cpu_second`` counts from a fifth of the rows to the last; ``whole_run_…`` from the start of the
    process. CPU is that of the engine's processes; the broker's is given beside it. Of the whole machine's
    CPU time ``others_cpu_share`` went to programs that have nothing to do with the measurement.
    """

    engine: str
    version: str
    shape: str
    rows: int
    rows_per_cpu_second: float
    whole_run_rows_per_cpu_second: float
    wall_rows_per_second: float
    broker_cpu_seconds: float
    others_cpu_share: float
    peak_memory_mb: int
    latency: Latency | None
    verified: bool
    faults: tuple[str, ...]
    lines_of_code: int


def percentile(ordered: list[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values, in rising order, do not exceed."""
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(rank, 1) - 1]


def write(results: Iterable[Result], about: dict[str, Any], path: Path) -> None:
    """Keep results as a JSON list, each entry with what is known of the machine and the moment."""
    entries = [{**asdict(one), **about} for one in results]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=1) + "\n")


def keep(figures: dict[str, Any], name: str) -> str:
    """Keep figures of a whole mesh, with the moment, as ``latest-<name>.json``; the text of that file."""
    text = json.dumps({"measured_at": measured_at(), **figures}, indent=1) + "\n"
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"latest-{name}.json").write_text(text)
    return text


def measured_at() -> str:
    """The present moment as results tell it."""
    return f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
