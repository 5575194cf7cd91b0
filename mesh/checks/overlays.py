"""Every retailer's overlay changes promises that exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mesh.checks.check import Scope
from mesh.kernel.discovery import Mesh, root
from mesh.kernel.errors import ContractError
from mesh.kernel.overlay import read_overlay


def faults(scope: Scope) -> Iterator[ContractError]:
    """Overlays of the installed retailers that cannot be applied."""
    if scope.mesh is not None:
        for path in sorted((root() / "data").glob("*/overlay.yaml")):
            yield from overlay_faults(scope.mesh, path, str(path.relative_to(root())))


def overlay_faults(mesh: Mesh, path: Path, shown_as: str) -> Iterator[ContractError]:
    """The fault of one overlay, if it has one."""
    try:
        mesh.with_overlay(read_overlay(path, shown_as))
    except ContractError as error:
        yield error
