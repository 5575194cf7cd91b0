"""The condition of what has landed since: exact, with a bound before it where an index can use one."""

from __future__ import annotations

from analytics.marts.marks import newer


def test_a_bound_says_where_nothing_is_new() -> None:
    """The least of all offsets; of a partition that had nothing yet every row is new."""
    assert newer({1: 70, 0: 50}) == (
        "(_offset > 50 OR _partition >= 2) AND _offset > "
        "transform(_partition, [0, 1], CAST([50, 70], 'Array(Int64)'), toInt64(-1))"
    )


def test_a_partition_without_a_mark_among_others_has_no_bound() -> None:
    """Its rows may have lower offsets than those of all others."""
    assert newer({0: 50, 2: 70}) == (
        "_offset > transform(_partition, [0, 2], CAST([50, 70], 'Array(Int64)'), toInt64(-1))"
    )


def test_without_marks_everything_is_new() -> None:
    """As before the first refresh."""
    assert newer({}) == "1"
