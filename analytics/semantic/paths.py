"""How one entity is reached from another.

A step forward goes from many rows to the one that they name: it never multiplies rows. A step back goes from
one row to the many that name it. A path without a step back is preferred, then one with fewer steps; where
two are equally good nobody knows which is meant, and the question is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analytics.semantic.model import Model
from mesh.kernel.errors import MeasureError


@dataclass(frozen=True, slots=True)
class Step:
    """From one node to a related one."""

    source: str
    target: str
    columns: tuple[str, ...]
    """The columns of the many; they hold the key of the one."""
    forward: bool

    @property
    def ends(self) -> tuple[str, str]:
        """The one, and the many."""
        return (self.target, self.source) if self.forward else (self.source, self.target)


Path = tuple[Step, ...]


def path(model: Model, start: str, target: str) -> Path:
    """The path from one node to another; empty where they are the same.

    Raises :class:`MeasureError` ``path-missing`` or ``path-ambiguous``.
    """
    found = sorted(_paths(model, start, target), key=_rank)
    if not found:
        raise MeasureError(
            "path-missing",
            f"nothing leads from {start} to {target}",
            place=f"{start} by {target}",
            remedy="`mesh measures` shows what is related",
        )
    best = [one for one in found if _rank(one) == _rank(found[0])]
    if len(best) > 1:
        raise MeasureError(
            "path-ambiguous",
            f"{len(best)} paths lead there: " + "; ".join(map(shown, best)),
            place=f"{start} by {target}",
            remedy="give one of these relationships a role of its own (as: …) in semantics.yaml",
        )
    return best[0]


def shown(path: Path) -> str:
    """A path as people read it, such as ``customer ← account ← order → channel``."""
    return path[0].source + "".join(f" {'→' if step.forward else '←'} {step.target}" for step in path)


def _rank(path: Path) -> tuple[int, int]:
    return sum(not step.forward for step in path), len(path)


def _paths(model: Model, start: str, target: str) -> Iterator[Path]:
    """Every path that visits no node twice."""
    steps = _steps(model)
    waiting: list[Path] = [()]
    while waiting:
        path = waiting.pop()
        here = path[-1].target if path else start
        if here == target:
            yield path
            continue
        visited = {start, *(step.target for step in path)}
        waiting += [(*path, step) for step in steps.get(here, ()) if step.target not in visited]


def _steps(model: Model) -> dict[str, list[Step]]:
    """The steps that may be taken from each node. From a role nothing leads on, and into a share nothing."""
    found: dict[str, list[Step]] = {}
    for entity in model.entities.values():
        for link in entity.relationships.values():
            found.setdefault(entity.name, []).append(Step(entity.name, link.node, link.by, forward=True))
            if entity.share is None and not link.is_role:
                found.setdefault(link.node, []).append(Step(link.node, entity.name, link.by, forward=False))
    return found
