"""Names by which people, tables and metrics call the rules of a port: ``sku/value-repeated``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from analytics.quality.upkeep import Growing, Speaking, upkeep
from mesh.kernel.errors import ContractError, did_you_mean
from mesh.kernel.table_rules import Share

if TYPE_CHECKING:
    from mesh.kernel.contract import Port
    from mesh.kernel.quality import Rule
    from mesh.kernel.reference import Reference
    from mesh.kernel.table_rules import TableRule

    Laid = Rule | TableRule | Reference | Growing | Speaking


def named(port: Port) -> dict[str, Laid]:
    """Every rule of a port by its name: field, and code of what breaks it; a share is of its rule's code.

    Rules on records come first, then those on the table and on others, each in the contract's order; last
    those that follow for every table. Of several rules of one kind on one field the second is ``…-2``.
    """
    found: dict[str, Laid] = {}
    seen: Counter[str] = Counter()
    for rule in (*port.rules, *port.table_rules, *port.references, *upkeep(port)):
        name = (
            f"{rule.field}/{rule.rule.code}-share" if isinstance(rule, Share) else f"{rule.field}/{rule.code}"
        )
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name}-{seen[name]}"] = rule
    return found


def chosen(ports: list[Port], typed: str) -> str:
    """The name of a rule that some of the ports have.

    Raises :class:`ContractError` ``rule-unknown`` with the nearest names.
    """
    known = {name for port in ports for name in named(port)}
    if typed not in known:
        remedy = did_you_mean(typed, known)
        raise ContractError(
            "rule-unknown",
            "is no rule of what is judged",
            place=typed,
            remedy=remedy if remedy.startswith("did") else "`mesh quality` lists them",
        )
    return typed
