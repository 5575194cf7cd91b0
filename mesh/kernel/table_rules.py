"""The rules that a contract can lay on a whole table: what no single record can break.

They are judged over the newest record of each entity (:func:`entity_key`), in stream by
:mod:`mesh.kernel.table_fold` and at rest by :mod:`analytics.quality`. As with the rules on records, the kinds
are a closed list of frozen values, so that any runner gives the same verdict:

* :class:`Unique`: no two entities have the same value; nulls are not compared;
* :class:`Share`: of the entities whose field is not null fewer than ``below`` percent break a rule; where the
  rule is :class:`~mesh.kernel.quality.NotNull`, fewer than so many of all entities lack the field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, TypeVar

from mesh.kernel.quality import NotNull, Regex, Values

if TYPE_CHECKING:
    from mesh.kernel.contract import Port

SHOWN = 10
"""Entities that a verdict names."""


@dataclass(frozen=True, slots=True)
class Unique:
    """No two entities have the same value."""

    field: str
    severity: str = "error"
    dimension: str = "uniqueness"
    code = "value-repeated"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        return f"{self.field} is unique"


@dataclass(frozen=True, slots=True)
class Share:
    """Fewer than ``below`` percent of the values break ``rule``."""

    rule: Regex | Values | NotNull
    below: Decimal
    severity: str = "error"
    dimension: str = "conformity"
    code = "share-exceeded"

    @property
    def field(self) -> str:
        """The field that the rule is about."""
        return self.rule.field

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        return f"fewer than {self.below} percent break the rule that {self.rule.text}"


TableRule = Unique | Share


class Named(Protocol):
    """What any rule has, on a record, on a table or on another one."""

    @property
    def field(self) -> str:
        """The field that it is about."""

    @property
    def code(self) -> str:
        """The code of what breaks it."""


AnyRule = TypeVar("AnyRule", bound=Named)


def entity_key(port: Port) -> tuple[str, ...]:
    """The fields that tell one entity of a port from another, whatever its version and revision."""
    return tuple(name for name in port.table_key or port.key_fields() if name not in ("valid_from", "seq"))


def named(rules: Iterable[AnyRule]) -> dict[str, AnyRule]:
    """Rules by the names by which people, tables and metrics call them: ``sku/value-repeated``.

    That is the field, and the code of what breaks it; a share is of its rule's code. Of several rules of one
    kind on one field the second is ``…-2``.
    """
    found: dict[str, AnyRule] = {}
    seen: Counter[str] = Counter()
    for rule in rules:
        code = f"{rule.rule.code}-share" if isinstance(rule, Share) else rule.code
        name = f"{rule.field}/{code}"
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name}-{seen[name]}"] = rule
    return found
