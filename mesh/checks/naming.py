"""Names that only the whole mesh can judge: applications, and dead letters that two topics would share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mesh.checks.check import Scope
from mesh.kernel import names
from mesh.kernel.errors import ContractError

_APPLICATION = re.compile(r"mesh\.[a-z][a-z0-9-]*")


def faults(scope: Scope) -> Iterator[ContractError]:
    """Names that break the grammar or that two things share."""
    yield from application_faults((*names.APPLICATIONS, names.SINK))
    owners: dict[str, str] = {}
    for domain in scope.domains:
        for port in domain.contract.ports:
            other = owners.setdefault(port.dead_letters, port.topic)
            if other != port.topic:
                yield ContractError(
                    "dead-letters-shared",
                    f"{port.topic!r} and {other!r} would park in the same topic",
                    place=port.place,
                    remedy="give one of the ports another name",
                )


def application_faults(applications: tuple[str, ...]) -> Iterator[ContractError]:
    """Names of applications that break the grammar."""
    for name in applications:
        if _APPLICATION.fullmatch(name) is None:
            yield ContractError(
                "application-name",
                "is not an application's name",
                place=name,
                remedy="write mesh.<kebab-name>",
            )
