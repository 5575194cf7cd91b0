"""Names by which people, tables and metrics call the rules of a port: ``sku/value-repeated``."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from analytics.quality.upkeep import Growing, Speaking, upkeep
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.table_rules import named as numbered

if TYPE_CHECKING:
    from mesh.kernel.contract import Port
    from mesh.kernel.quality import Rule
    from mesh.kernel.reference import Reference
    from mesh.kernel.table_rules import TableRule

    Laid = Rule | TableRule | Reference | Growing | Speaking


def named(port: Port) -> dict[str, Laid]:
    """Every rule of a port by its name.

    Rules on records come first, then those on the table and on others, each in the contract's order; last
    those that follow for every table.
    """
    rules: tuple[Laid, ...] = (*port.rules, *port.table_rules, *port.references, *upkeep(port))
    return numbered(rules)


def chosen(ports: list[Port], typed: str) -> str:
    """The name of a rule that some of the ports have; raises as :func:`nearest` does."""
    return nearest({name for port in ports for name in named(port)}, typed)


def nearest(known: Collection[str], typed: str, lister: str = "mesh quality") -> str:
    """The name of a rule that is known; ``lister`` is the command that lists those.

    Raises :class:`ContractError` ``rule-unknown`` with the nearest names.
    """
    if typed not in known:
        raise ContractError(
            "rule-unknown",
            "is no rule of what is judged",
            place=typed,
            remedy=did_you_mean(typed, known, lister),
        )
    return typed
