"""What counts of a run: from when an engine is warm, and what others took meanwhile."""

from __future__ import annotations

from benchmarks.measure import Sample, _steady


def sample(seconds: float, rows: int) -> Sample:
    """A look at a run."""
    return Sample(seconds, rows, seconds, 0.0, 2 * seconds, 0.5)


def test_an_engine_is_warm_after_a_fifth_of_its_rows() -> None:
    """What was before belongs to its start."""
    samples = [sample(at, rows) for at, rows in ((0.0, 0), (1.0, 0), (2.0, 150), (3.0, 250), (4.0, 1_000))]
    assert _steady(samples).rows == 250


def test_a_run_of_too_few_looks_counts_whole() -> None:
    """Where most rows came between two looks, the rest would tell nothing."""
    samples = [sample(0.0, 0), sample(1.0, 900), sample(1.2, 1_000)]
    assert _steady(samples).seconds == 0.0


def test_what_others_took_is_the_rest() -> None:
    """Of the machine, less engine, broker and harness; never below nothing."""
    assert sample(4.0, 10).others_cpu == 3.5
    assert Sample(1.0, 1, 2.0, 1.0, 2.5, 0.1).others_cpu == 0.0
