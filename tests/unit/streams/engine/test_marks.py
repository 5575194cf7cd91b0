"""Correction marks as entries of the changelog."""

from __future__ import annotations

from streams.engine import marks


def test_a_mark_comes_back_as_it_was() -> None:
    """Generation and positions."""
    key, value = marks.encode(7, {"a": 3, "b": 0})
    assert marks.is_reserved(key)
    assert marks.decode(key, value) == (7, {"a": 3, "b": 0})


def test_each_generation_has_its_own_key() -> None:
    """So that compaction keeps the newest mark of each, and a woken worker replaces only its own."""
    assert marks.encode(7, {})[0] != marks.encode(8, {})[0]
    assert marks.encode(7, {"a": 1})[0] == marks.encode(7, {"a": 2})[0]


def test_other_entries_are_no_marks() -> None:
    """Neither a fold's, nor what the runtime may keep there one day."""
    assert not marks.is_reserved(b"key")
    assert marks.decode(b"\0other", b"{}") is None
