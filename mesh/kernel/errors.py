"""Errors that a person can cause, each with a stable code, a place and a remedy.

    MeshError
    ├── SettingsError      a setting is missing or wrong
    ├── ContractError      a contract, product file or events module breaks a rule
    ├── PublishError       an event breaks its schema or contract
    ├── SubscribeError     a topic cannot be read in the way that was asked for
    ├── MappingError       a mapping file or its source files cannot be used
    ├── SimulationError    a simulated retailer, or how it shall trade, cannot be used
    ├── PlatformError      a part of the local platform cannot start or be reached
    ├── WarehouseError     the warehouse refused something
    ├── MeasureError       a question to the semantic model cannot be answered
    ├── MartError          a mart cannot be read or refreshed, or a month cannot be closed
    ├── LearningError      there is too little, or no such time, to learn a model of
    ├── BusyError          the same work is being done in this home already
    ├── StreamError        a stream cannot go on without losing or spoiling a record
    ├── DeadLetterError    a dead letter cannot be found, shown or redriven
    ├── IncidentError      an alert cannot become an incident, or there is no such incident
    ├── DrillError         a drill cannot be held
    ├── JobError           what shall run by the clock cannot be read
    └── ReconcileError     the reconciliation could not be carried out

The command line prints one line for any of them and never a traceback.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class MeshError(Exception):
    """An error with a stable ``code``, a ``place`` (file:line, topic, address) and a ``remedy``.

    Printed as ``ContractError[field-unknown] domains/sales/contract.yaml:41: 'store' is …; did you mean …?``
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


class SettingsError(MeshError):
    """A setting is missing or has an unusable value."""


class ContractError(MeshError):
    """A contract, product file or events module breaks a rule of the mesh."""


class PublishError(MeshError):
    """An event breaks its schema or its contract."""


class SubscribeError(MeshError):
    """A topic cannot be read in the way that was asked for."""


class MappingError(MeshError):
    """A mapping file, or a file that it names, cannot be used."""


class SimulationError(MeshError):
    """A simulated retailer, or how it shall trade, cannot be used."""


class PlatformError(MeshError):
    """A part of the local platform cannot start, stop or be reached."""


class WarehouseError(MeshError):
    """The warehouse refused a statement or an insert."""


class MeasureError(MeshError):
    """A question to the semantic model cannot be answered."""


class MartError(MeshError):
    """A mart cannot be read or refreshed, or a month cannot be closed."""


class LearningError(MeshError):
    """A model cannot be learned from what has landed, or not of the time that was asked for."""


class BusyError(MeshError):
    """The same work is being done in this home already; it would write over itself."""


class StreamError(MeshError):
    """A stream cannot go on without losing or spoiling a record."""


class IncidentError(MeshError):
    """An alert cannot become an incident, or there is no such incident."""


class DrillError(MeshError):
    """A drill cannot be held on the mesh as it is."""


class JobError(MeshError):
    """What shall run by the clock cannot be read, or names a job that there is not."""


class DeadLetterError(MeshError):
    """A dead letter cannot be found, shown or redriven."""


class ReconcileError(MeshError):
    """The reconciliation could not be carried out."""


def no_answer(error: BaseException) -> str:
    """That a part does not answer, with the system's reason alone where a library's message wraps one up."""
    found = re.search(r"\[Errno -?\d+\] [^\"')]+", str(error))
    return f"does not answer ({found[0]})" if found else str(error).splitlines()[0]


def did_you_mean(word: str, known: Iterable[str], lister: str = "") -> str:
    """The remedy for a misspelt name: the nearest known ones. Where none is near, all of them, or where they
    are too many for a line, the command that lists them.
    """
    names = sorted(known)
    near = get_close_matches(word, names, n=2)
    if near:
        return "did you mean " + " or ".join(repr(name) for name in near) + "?"
    return f"`{lister}` lists them" if lister else "known: " + ", ".join(names)
