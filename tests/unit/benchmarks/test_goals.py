"""Goals against peers: of right outputs alone, and none of what was not measured."""

from __future__ import annotations

import pytest

from benchmarks.engine import load
from benchmarks.goals import P99, RATIOS, goals
from benchmarks.result import Latency, Result


def result(
    engine: str,
    shape: str,
    rate: float,
    p99: float | None = None,
    *,
    kept_up: bool = True,
    right: bool = True,
) -> Result:
    """An engine's result with so many rows a CPU second, and so many seconds of latency."""
    return Result(
        engine=engine,
        version="1",
        shape=shape,
        rows=1_000,
        rows_per_cpu_second=rate,
        whole_run_rows_per_cpu_second=rate,
        wall_rows_per_second=rate,
        broker_cpu_seconds=1.0,
        others_cpu_share=0.0,
        peak_memory_mb=1,
        latency=Latency(10_000, 100, p99, p99, p99, kept_up=kept_up),
        verified=right,
        faults=(),
        lines_of_code=1,
    )


PEER = result("kafka-streams", "lines", 100_000, 0.4)


def test_every_goal_names_engines_that_do_its_shapes() -> None:
    """Else nobody would ever see it."""
    for goal in RATIOS:
        assert goal.our_shape in load(goal.ours).shapes
        assert goal.peer_shape in load(goal.peer).shapes
    assert all(P99[2] in load(name).shapes for name in P99[:2])


def test_shapes_of_one_run_are_set_against_each_other() -> None:
    """All of ours against the plain join of a peer; a goal of a peer that is missing is not told."""
    found = {
        one.name: one for one in goals([result("ours", "full", 60_000), result("bytewax", "lines", 20_000)])
    }
    assert found.keys() == {"ours-full-to-bytewax-lines"}
    figure = found["ours-full-to-bytewax-lines"]
    assert (figure.value, figure.goal, figure.met) == (3.0, 2.0, True)


def test_a_ratio_below_its_goal_misses_it() -> None:
    """With and without the compiled kernel the goals differ."""
    ours, python = result("ours", "lines", 240_000, 0.3), result("ours-python", "lines", 160_000)
    met = {one.name: one.met for one in goals([ours, python, PEER])}
    assert met == {
        "ours-lines-to-kafka-streams-lines": False,
        "ours-python-lines-to-kafka-streams-lines": True,
        "ours-lines-p99": True,
    }


def test_a_wrong_output_has_no_ratio() -> None:
    """It is no measure of anything."""
    assert goals([result("ours", "lines", 1e9, 0.1, right=False), PEER]) == []


@pytest.mark.parametrize(
    ("p99", "kept_up", "met"), [(0.3, True, True), (0.5, True, False), (0.3, False, False)]
)
def test_latency_is_at_most_that_of_the_peer(p99: float, kept_up: bool, met: bool) -> None:
    """An engine that falls behind has missed the goal, whatever its rows took."""
    (figure,) = (
        one for one in goals([result("ours", "lines", 1.0, p99, kept_up=kept_up), PEER]) if one.unit == "ms"
    )
    assert (figure.goal, figure.met) == (400.0, met)
