"""Semantic models: every name in them means one thing that a view holds, and leads somewhere."""

from __future__ import annotations

from collections.abc import Iterable

from analytics.semantic.reading import read_model
from mesh.checks.check import Scope
from mesh.kernel.errors import ContractError


def faults(scope: Scope) -> Iterable[ContractError]:
    """Raises the first fault of the domains' semantics, which belong together."""
    if scope.mesh is not None:
        read_model(scope.mesh)
    return ()
