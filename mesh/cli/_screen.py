"""Where commands print: as wide as the terminal, and wide enough for a table where there is none."""

from __future__ import annotations

import sys

from rich.console import Console

PIPED_WIDTH = 120
"""Columns where there is no terminal to ask; Rich would take 80 and cut headings off."""


def screen(piped_width: int = PIPED_WIDTH, *, stderr: bool = False) -> Console:
    """A console on standard output, or on standard error."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(highlight=False, stderr=stderr, width=None if stream.isatty() else piped_width)
