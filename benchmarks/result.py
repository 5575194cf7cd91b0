"""What a measurement found, and the files that keep it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from mesh.kernel import clock

FOLDER = Path(__file__).parent / "results"
LATEST = FOLDER / "latest.json"


@dataclass(frozen=True)
class Latency:
    """Seconds from an order's moment until a consumer has its row, at ``rate`` rows a second.

    Without a row that was timed there are none.
    """

    rate: int
    rows: int
    p50: float | None
    p95: float | None
    p99: float | None
    kept_up: bool
    """Whether all rows came within seconds of the last order; else the engine is slower than the rate."""

    @classmethod
    def of(cls, rate: int, delays: Iterable[float], *, kept_up: bool) -> Latency:
        """The percentiles of the delays of all rows, in seconds."""
        ordered = sorted(delays)
        p50, p95, p99 = (
            round(percentile(ordered, share), 4) if ordered else None for share in (0.5, 0.95, 0.99)
        )
        return cls(rate, len(ordered), p50, p95, p99, kept_up)


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
    _write(_text([{**asdict(one), **about} for one in results]), path)


def keep(figures: dict[str, Any], about: dict[str, Any], verb: str, name: str = "") -> str:
    """Keep a verb's figures as ``latest-<verb>.json``, and by a name where there is one; their text."""
    text = _text({**about, **figures})
    _write(text, FOLDER / f"latest-{verb}.json")
    if name:
        _write(text, dated(name))
    return text


def dated(name: str) -> Path:
    """The file that keeps results of today by a name."""
    return FOLDER / f"{clock.now():%Y-%m-%d}-{name}.json"


def about(**versions: str) -> dict[str, Any]:
    """What is known of the moment and the machine, with the versions of what else took part."""
    return {
        "measured_at": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}",
        "cores": psutil.cpu_count(),
        "python": platform.python_version(),
        **versions,
    }


def _text(figures: object) -> str:
    """JSON that every program reads: Python alone would also write NaN."""
    return json.dumps(figures, indent=1, allow_nan=False) + "\n"


def _write(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
