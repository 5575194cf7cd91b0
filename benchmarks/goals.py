"""What ours is to be against its peers: goals across shapes, from the results of one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.figure import Figure
from benchmarks.result import Result


class Ratio(NamedTuple):
    """How many times as many rows a CPU second one engine is to have as another, each on a shape."""

    ours: str
    our_shape: str
    peer: str
    peer_shape: str
    least: float


RATIOS = (
    Ratio("ours", "lines", "kafka-streams", "lines", 2.5),
    Ratio("ours-python", "lines", "kafka-streams", "lines", 1.5),
    Ratio("ours", "orders", "kafka-streams", "orders", 2.5),
    Ratio("ours-python", "orders", "kafka-streams", "orders", 1.5),
    Ratio("ours", "full", "kafka-streams", "full", 1.5),
    # These do not have the full shape: all of ours is to cost less than their plain join.
    Ratio("ours", "full", "bytewax", "lines", 2.0),
    Ratio("ours", "full", "quix-streams", "lines", 2.0),
    Ratio("ours", "full", "vanilla-faust", "lines", 12.0),
)
P99 = ("ours", "kafka-streams", "lines")
"""Whose 99th percentile of latency is to be no longer than whose, and on which shape."""


def goals(results: Sequence[Result]) -> list[Figure]:
    """The goals of which both engines have a right output among these results."""
    found = {(one.engine, one.shape): one for one in results if one.verified}
    figures = []
    for goal in RATIOS:
        ours, peer = found.get((goal.ours, goal.our_shape)), found.get((goal.peer, goal.peer_shape))
        if ours and peer and peer.rows_per_cpu_second:
            figures.append(_ratio(goal, ours.rows_per_cpu_second / peer.rows_per_cpu_second))
    ours_name, peer_name, shape = P99
    ours, peer = found.get((ours_name, shape)), found.get((peer_name, shape))
    if ours and ours.latency and peer and (most := _p99(peer)) is not None:
        what = f"p99 of {ours_name}, {shape}; the goal is that of {peer_name}"
        figures.append(Figure(f"{ours_name}-{shape}-p99", what, _p99(ours), "ms", most))
    return figures


def _ratio(goal: Ratio, value: float) -> Figure:
    peer = f"{goal.peer}, {goal.peer_shape}"
    return Figure(
        f"{goal.ours}-{goal.our_shape}-to-{goal.peer}-{goal.peer_shape}",
        f"rows a CPU s of {goal.ours}, {goal.our_shape}, to those of {peer}",
        value,
        "×",
        goal.least,
        at_least=True,
    )


def _p99(result: Result) -> float | None:
    """Milliseconds; None for an engine that fell behind."""
    latency = result.latency
    if latency is None or latency.p99 is None or not latency.kept_up:
        return None
    return round(1000 * latency.p99, 1)
