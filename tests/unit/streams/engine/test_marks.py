"""Correction marks as entries of the changelog."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streams.engine import marks
from streams.engine.fold import Fetched

Sorter = Callable[[list[Fetched]], tuple[marks.Entries, marks.Entries]]


def test_a_mark_comes_back_as_it_was() -> None:
    """Generation and positions."""
    key, value = marks.encode(7, {"a": 3, "b": 0})
    assert marks.decode(key, value) == (7, {"a": 3, "b": 0})


def test_each_generation_has_its_own_key() -> None:
    """So that compaction keeps the newest mark of each, and a woken worker replaces only its own."""
    assert marks.encode(7, {})[0] != marks.encode(8, {})[0]
    assert marks.encode(7, {"a": 1})[0] == marks.encode(7, {"a": 2})[0]


def test_other_entries_are_no_marks() -> None:
    """Neither a fold's, nor what the runtime may keep there one day."""
    assert marks.decode(b"\0other", b"{}") is None


@pytest.mark.parametrize("sorted_out", [marks.sorted_out, marks.python_sorted_out])
def test_the_entries_of_the_fold_are_kept_apart_from_the_engines(sorted_out: Sorter) -> None:
    """In their order; what has no key or no value is no entry."""
    key, value = marks.encode(1, {})
    records: list[Fetched] = [
        (0, 5, b"b", b"1", ()),
        (1, 5, key, value, ()),
        (2, 5, b"a", None, ()),
        (3, 5, None, b"2", ()),
        (4, 5, b"a", b"3", ()),
        (5, 5, b"", b"", ()),
    ]
    assert sorted_out(records) == ([(b"b", b"1"), (b"a", b"3"), (b"", b"")], [(key, value)])
