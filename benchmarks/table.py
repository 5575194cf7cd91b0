"""The results as a person reads them: one table a shape, with ratios to ours."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from benchmarks.result import Latency, Result

OURS = "ours"


def table(results: Sequence[Result], shape: str) -> Table:
    """The results of one shape, the cheapest engine first."""
    found = Table(title=f"{shape}: rows out, one to each order line", box=SIMPLE, title_justify="left")
    found.add_column("engine", no_wrap=True)
    for name in (
        *("rows", "rows a CPU s", "ours is", "whole run", "rows a s", "broker CPU s", "memory", "p50", "p95"),
        *("p99", "lines of code", "verified"),
    ):
        found.add_column(name, justify="right", no_wrap=name not in ("broker CPU s", "lines of code"))
    ours = next((one.rows_per_cpu_second for one in results if one.engine == OURS), None)
    for one in sorted(results, key=lambda result: -result.rows_per_cpu_second):
        found.add_row(
            f"{one.engine} {one.version}",
            f"{one.rows:,}",
            f"{one.rows_per_cpu_second:,.0f}",
            ratio(ours, one.rows_per_cpu_second),
            f"{one.whole_run_rows_per_cpu_second:,.0f}",
            f"{one.wall_rows_per_second:,.0f}",
            f"{one.broker_cpu_seconds:,.1f}",
            f"{one.peak_memory_mb:,} MiB",
            *_latency(one.latency),
            f"{one.lines_of_code:,}",
            "[green]yes[/]" if one.verified else "[red]no[/]",
        )
    return found


def ratio(ours: float | None, other: float) -> str:
    """How many times cheaper ours is; a dash where it was not measured."""
    return f"{ours / other:.2f} ×" if ours and other else "–"


def _latency(latency: Latency | None) -> tuple[str, str, str]:
    if latency is None:
        return "–", "–", "–"
    if not latency.kept_up:
        return "behind", "behind", "behind"
    p50, p95, p99 = (
        "–" if seconds is None else f"{seconds * 1000:,.0f} ms"
        for seconds in (latency.p50, latency.p95, latency.p99)
    )
    return p50, p95, p99
