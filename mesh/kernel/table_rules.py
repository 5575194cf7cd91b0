"""The rules that a contract can lay on a whole table: what no single record can break.

They are judged over the newest record of each entity (:func:`entity_key`). As with the
rules on records, the kinds are a closed list of frozen values, so that any runner gives the same verdict:

* :class:`Unique`: no two entities have the same value; nulls are not compared;
* :class:`Share`: of the entities whose field is not null fewer than ``below`` percent break a rule; where the
  rule is :class:`~mesh.kernel.quality.NotNull`, fewer than so many of all entities lack the field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.kernel.quality import NotNull, Regex, Values, breaks

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


class Broken(NamedTuple):
    """A rule that a table breaks, and the keys of the first entities to look at."""

    rule: TableRule
    found: int
    """How many entities are at fault."""
    keys: tuple[tuple[Any, ...], ...]


def entity_key(port: Port) -> tuple[str, ...]:
    """The fields that tell one entity of a port from another, whatever its version and revision."""
    return tuple(name for name in port.table_key or port.key_fields() if name not in ("valid_from", "seq"))


def broken(port: Port, records: Iterable[Mapping[str, Any]]) -> list[Broken]:
    """The rules of a port that its records break together, in the contract's order.

    Of an entity's records the one with the greatest ``valid_from``, then ``seq``, is judged.
    """
    newest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    names = entity_key(port)
    for record in records:
        key = tuple(record[name] for name in names)
        if key not in newest or _place(newest[key]) <= _place(record):
            newest[key] = record
    verdicts = ((rule, _faulty(rule, newest)) for rule in port.table_rules)
    return [Broken(rule, len(keys), tuple(keys[:SHOWN])) for rule, keys in verdicts if keys]


def _place(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("valid_from", "seq") if name in record)


def _faulty(
    rule: TableRule, newest: Mapping[tuple[Any, ...], Mapping[str, Any]]
) -> Sequence[tuple[Any, ...]]:
    """The keys of the entities that break a rule; none while it holds."""
    given = {key: record for key, record in newest.items() if record.get(rule.field) is not None}
    if isinstance(rule, Share) and isinstance(rule.rule, NotNull):
        lacking = [key for key in newest if key not in given]
        return lacking if _reaches(len(lacking), rule.below, len(newest)) else []
    if isinstance(rule, Unique):
        owners = defaultdict(list)
        for key, record in given.items():
            owners[record[rule.field]].append(key)
        return [key for keys in owners.values() if len(keys) > 1 for key in keys]
    wrong = [key for key, record in given.items() if breaks(rule.rule, record)]
    return wrong if _reaches(len(wrong), rule.below, len(given)) else []


def _reaches(wrong: int, below: Decimal, judged: int) -> bool:
    return wrong > 0 and 100 * wrong >= below * judged
