"""The one kind of error that a person can cause or mend: what, where, and what to do; and one that passes."""

from __future__ import annotations


class EngineError(Exception):
    """An error with a stable ``code``, a ``place`` (topic, group, application) and a ``remedy``.

    Printed as ``EngineError[topic-missing] orders: does not exist; create it with …``. An application's own
    errors are printed alike, if they have a ``code`` and a ``place``.
    """

    def __init__(self, code: str, what: str, *, place: str = "", remedy: str = "") -> None:
        self.code = code
        self.what = what
        self.place = place
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        where = f" {self.place}" if self.place else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{type(self).__name__}[{self.code}]{where}: {self.what}{remedy}"


RETRY_SECONDS = 1.0
"""Pause before records are given again to a fold that waits for another part."""


class WaitError(Exception):
    """A part that an application needs does not answer; it is given the same records again."""

    def __init__(self, part: str, problem: Exception) -> None:
        self.part = part
        super().__init__(str(problem))
