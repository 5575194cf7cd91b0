"""Single key strokes of a person at the terminal, without waiting for Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any, Self

_READ = 64
"""Bytes of one read: a key that is more than a letter comes as a few bytes at once."""
NAMES = {"\x1b[C": "right", "\x1b[D": "left", "\x1b[A": "left", "\x1b[B": "right", " ": "right"}
NAMES |= {"\x1b[6~": "right", "\x1b[5~": "left", "\x1b": "q"}


class Keys:
    """A context in which keys come one by one; where standard input is no terminal, none ever comes."""

    def __init__(self) -> None:
        self._terminal = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        if self._terminal is not None:
            self._before = termios.tcgetattr(self._terminal)
            tty.setcbreak(self._terminal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal is not None:
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)

    def wait(self, seconds: float) -> str | None:
        """The name of the next key (``right``, ``left``, or its letter); None when none comes in time."""
        watched = [] if self._terminal is None else [self._terminal]
        ready, _, _ = select.select(watched, [], [], seconds)
        if not ready or self._terminal is None:
            return None
        typed = os.read(self._terminal, _READ).decode(errors="ignore")
        return NAMES.get(typed, typed[:1])
