"""References of contracts: each leads to a field of a port that is landed."""

from __future__ import annotations

from collections.abc import Iterator

from mesh.checks.check import Scope
from mesh.kernel.errors import ContractError


def faults(scope: Scope) -> Iterator[ContractError]:
    """References that lead nowhere."""
    if scope.mesh is None:
        return
    for port in scope.mesh.ports.values():
        for reference in port.references:
            try:
                reference.target(scope.mesh.ports)
            except ContractError as error:
                yield error
