"""What a recovery took is given back; elsewhere than on glibc garbage alone is freed."""

from __future__ import annotations

from weakref import ref

import psutil
import pytest

from streams.engine import memory
from streams.engine.memory import give_back

PIECE = 2_000
"""Bytes of an object: of those that the C library's heap holds."""


class Cycle:
    """Garbage that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


def missing(_name: object) -> object:
    """No C library."""
    raise OSError("no such library")


@pytest.mark.parametrize("glibc", [True, False])
def test_garbage_is_freed(monkeypatch: pytest.MonkeyPatch, *, glibc: bool) -> None:
    """With the C library's help and without."""
    if not glibc:
        monkeypatch.setattr(memory.ctypes, "CDLL", missing)
    freed = ref(Cycle())
    give_back()
    assert freed() is None


def test_what_lies_free_between_what_is_kept_is_given_back() -> None:
    """As a state's entries keep the pages around them resident."""
    pieces = [bytes(PIECE) for _ in range(50_000)]
    kept = pieces[::50]
    pieces.clear()
    process = psutil.Process()
    before = process.memory_info().rss
    give_back()
    assert before - process.memory_info().rss > 0.5 * PIECE * 50_000
    assert len(kept) == 1_000
