"""What differs between the contracts and a running part, and what an area of the mesh can do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mesh.kernel.errors import MeshError

Report = Callable[[str], None]


class Action(StrEnum):
    """What applying does about a difference."""

    CREATE = "create"
    CHANGE = "change"
    REFUSE = "refuse"  # what is there cannot become what the contract says
    UNUSED = "unused"  # there, and no contract names it: told, never touched

    @property
    def done(self) -> str:
        """As it is told when it has been done."""
        return {Action.CREATE: "created", Action.CHANGE: "changed"}.get(self, self.value)


@dataclass(frozen=True)
class Change:
    """One difference between what the contracts say and what runs."""

    area: str
    """topic, schema, table, access, …"""
    name: str
    action: Action
    details: tuple[str, ...] = ()
    """What is made, or what changes to what, each in a few words."""
    refusal: MeshError | None = None
    """Why it cannot be, with the remedy; for :attr:`Action.REFUSE` only."""

    def __str__(self) -> str:
        told = f": {', '.join(self.details)}" if self.details else ""
        return f"{self.area} {self.name} {self.action.done}{told}"

    @property
    def is_due(self) -> bool:
        """Whether applying has something to do."""
        return self.action in (Action.CREATE, Action.CHANGE)


def impossible(area: str, name: str, refusal: MeshError) -> Change:
    """The difference that cannot be mended, with its reason."""
    return Change(area, name, Action.REFUSE, (refusal.what,), refusal)


class Area(Protocol):
    """One kind of thing that follows from the contracts. An area serves one plan and is then thrown away."""

    part: str
    """What it changes: ``broker``, ``registry``, ``warehouse`` or ``home``."""
    note: str
    """What a reader of the plan should know about the area, in one line; mostly empty."""

    def changes(self) -> list[Change]:
        """Read what is there, in batches, and compare. Raises :class:`MeshError` where a part is away."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Make exactly these changes, which are due and were found by :meth:`changes`."""
