"""What was measured of questions, as a person reads it: whether each was in time, and all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.table import Table

from benchmarks.questions_users import LIMIT
from benchmarks.run import DISTURBED

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.questions import Phase

SHARE, CPU, PACE = 0.95, 0.80, 0.95
"""Of questions that are to be answered in time, of processors that may be busy, of events to land."""


def mark(is_met: bool) -> str:
    """A target met or missed."""
    return "[green]✓[/]" if is_met else "[red]✗[/]"


def show(console: Console, phase: Phase, rate: int) -> None:
    """Print one size."""
    title = f"{phase.lines:,} order lines, {rate:,} events a second landing"
    table = Table(title=title, box=SIMPLE, title_justify="left")
    table.add_column("question")
    table.add_column("kind")
    for name in ("asked", "p50", "p95", "p99", "failed", ""):
        table.add_column(name, justify="right")
    for name, one in phase.answers.items():
        at = [one.at(share) for share in (0.5, 0.95, 0.99)]
        times = ("–" if moment is None else f"{1000 * moment:,.0f} ms" for moment in at)
        is_met = not one.failures and at[1] is not None and at[1] <= LIMIT
        table.add_row(
            name, phase.kinds[name], str(one.count), *times, str(len(one.failures) or "–"), mark(is_met)
        )
    console.print(table)
    console.print(f"{mark(phase.in_time >= SHARE)} {phase.in_time:.1%} answered within {LIMIT * 1000:.0f} ms")
    pace = phase.events / phase.seconds
    console.print(f"{mark(pace >= PACE * rate)} {pace:,.0f} events a second landed")
    cpu = ", ".join(f"{name} {used:,.0f} s" for name, used in phase.cpu.items())
    console.print(f"{mark(phase.cpu_share < CPU)} {phase.cpu_share:.0%} of all processors: {cpu}")
    if phase.others_share > DISTURBED:
        console.print(
            f"[red]✗[/] other programs took {phase.others_share:.0%} of all processors meanwhile: "
            "measure again when they have ended"
        )
    for name, behind in phase.lag.items():
        console.print(f"  kept measures {name} were at most {behind:,.1f} s behind")
    for name, taken in phase.marts.items():
        told = f"{taken:,.1f} s" if isinstance(taken, float) else f"[red]{taken}[/]"
        meanwhile = f"; {phase.refreshed[name]:,.1f} s meanwhile" if name in phase.refreshed else ""
        console.print(f"  mart {name} refreshed before: {told}{meanwhile}")
    if isinstance(phase.refreshing, float):
        after = (
            ""
            if phase.share_after is None
            else f", after which {phase.share_after:.0%} of all processors were used"
        )
        console.print(f"  all marts were refreshed once meanwhile, in {phase.refreshing:,.1f} s{after}")
    else:
        console.print(f"[red]✗[/] marts were not refreshed meanwhile: {phase.refreshing}")
    console.print(f"  the warehouse took {phase.memory >> 20:,} MiB at the most")
