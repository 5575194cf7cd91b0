"""Published schemas: each is what its event derives today, and is compatible with all before it."""

from __future__ import annotations

from collections.abc import Iterator

from mesh.checks.check import Scope
from mesh.kernel.errors import ContractError
from schemas.published import pending, records


def faults(scope: Scope) -> Iterator[ContractError]:
    """Events whose schema is not published, or breaks with a published one."""
    for domain in scope.domains:
        for record in records(domain.contract.ports):
            try:
                waiting = pending(record)
            except ContractError as error:
                yield error
                continue
            if waiting is not None:
                yield ContractError(
                    "schema-unpublished",
                    f"{record.full_name()} has changed since it was published",
                    place=f"{domain.shown_as}/events.py",
                    remedy="run `mesh build` and commit what it writes",
                )
