"""What a check is: a name, a sentence that it proves, and a function that gives the faults it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mesh.kernel.discovery import Domain, Mesh
from mesh.kernel.errors import MeshError


@dataclass(frozen=True)
class Scope:
    """What is checked: the domains that could be read, and the mesh when they fit together."""

    domains: tuple[Domain, ...]
    mesh: Mesh | None


@dataclass(frozen=True)
class Check:
    """One kind of check. ``faults`` gives every fault it finds; it does not stop at the first."""

    name: str
    proves: str
    faults: Callable[[Scope], Iterable[MeshError]]


@dataclass(frozen=True)
class Result:
    """What a check found."""

    check: Check
    faults: tuple[MeshError, ...]

    @property
    def ok(self) -> bool:
        """Whether it found no fault."""
        return not self.faults


def run(check: Check, scope: Scope) -> Result:
    """Run one check; a :class:`MeshError` that leaves it is a fault like any other."""
    found: list[MeshError] = []
    try:
        found.extend(check.faults(scope))
    except MeshError as error:
        found.append(error)
    return Result(check, tuple(found))
