"""The rules on a whole table as a fold of its records, one at a time, in whatever order they come.

Of an entity only two things are kept: the place of its newest record, and what that record adds to the counts
of each rule. A newer record takes out what the one before had added, and an older one, a repeat or a replay
changes nothing. So the counts are at any moment those of the table that the records make: no window, and the
verdict of :mod:`analytics.quality` on the same data.

The record of an entity that holds is the one that the warehouse keeps: with the greatest ``valid_from`` and
then ``seq``, of equal ones the first of the topic; of derived records the one with the greatest ``version``,
of equal ones the last. One that says ``is_deleted`` makes the entity count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from heapq import nsmallest
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.kernel.quality import NotNull, breaker
from mesh.kernel.table_rules import SHOWN, Share, TableRule, Unique, entity_key, named

if TYPE_CHECKING:
    from mesh.kernel.contract import Port

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
_NONE, _JUDGED, _AT_FAULT = range(3)
"""What a record adds to the counts of a rule: nothing, one that is judged, one that is at fault as well."""
_HALF = 1 << 63
_LAST = _HALF - 1
"""The greatest offset."""
_PLACE = Struct(">QQQ")
_OFFSET = Struct(">Q")

Place = Callable[[Mapping[str, Any], int], bytes]
"""From a record and its offset to bytes that compare as the records' places do."""


class Judged(NamedTuple):
    """What a rule finds on the table that the records make."""

    name: str
    """Such as ``sku/value-repeated``."""
    rule: TableRule
    judged: int
    """Entities that have something to judge."""
    failing: int
    """How many of these are at fault."""

    @property
    def limit(self) -> Decimal:
        """From how many percent on the rule is broken; 0: by the first entity."""
        return self.rule.below if isinstance(self.rule, Share) else Decimal(0)

    @property
    def is_broken(self) -> bool:
        """Whether the limit is reached, exactly."""
        return self.failing > 0 and 100 * self.failing >= self.limit * self.judged


class Broken(NamedTuple):
    """A rule that a table breaks, and the keys of the first entities to look at."""

    rule: TableRule
    found: int
    """How many entities are at fault."""
    keys: tuple[tuple[Any, ...], ...]


class TableFold:
    """Judges the table rules of a port over its records. Not thread-safe."""

    def __init__(self, port: Port) -> None:
        self._rules = named(port.table_rules)
        self._key = entity_key(port)
        self._place = _places(port)
        self._add = [_addition(rule) for rule in self._rules.values()]
        self._nothing = bytes(len(self._add))
        self._judged = [0] * len(self._add)
        self._failing = [0] * len(self._add)
        self._unique = [
            _Owners(rule.field, number)
            for number, rule in enumerate(self._rules.values())
            if isinstance(rule, Unique)
        ]
        self._held: dict[Hashable, bytes] = {}  # place, and behind it a byte for each rule

    def __len__(self) -> int:
        """How many entities are known, those that are deleted included."""
        return len(self._held)

    def take(self, record: Mapping[str, Any], offset: int) -> None:
        """Take in a record that lies at an offset of its partition, in which all of its entity lie."""
        names = self._key
        entity = record[names[0]] if len(names) == 1 else tuple(record[name] for name in names)
        place = self._place(record, offset)
        held = self._held.get(entity)
        if held is not None:
            if held >= place:  # it goes on behind its place, so it is greater where the places are equal
                return
            self._count(held[len(place) :], -1)
        lives = not record.get("is_deleted")
        added = bytes(add(record) for add in self._add) if lives else self._nothing
        self._count(added, 1)
        self._held[entity] = place + added
        for owners in self._unique:
            value = record.get(owners.field) if lives else None
            self._failing[owners.number] += owners.give(entity, value)

    def judged(self) -> list[Judged]:
        """What each rule finds now, in the contract's order."""
        counts = zip(self._rules.items(), self._judged, self._failing, strict=True)
        return [Judged(name, rule, judged, failing) for (name, rule), judged, failing in counts]

    def keys(self, name: str) -> tuple[tuple[Any, ...], ...]:
        """The least keys of the entities that are at fault by a rule; looks at every entity."""
        number = list(self._rules).index(name)
        repeated = next((owners for owners in self._unique if owners.number == number), None)
        found = self._at_fault(number) if repeated is None else repeated.at_fault()
        return tuple(nsmallest(SHOWN, map(self._tuple, found)))

    def _at_fault(self, number: int) -> Iterator[Hashable]:
        at = number - len(self._add)
        return (entity for entity, held in self._held.items() if held[at] == _AT_FAULT)

    def _tuple(self, entity: Any) -> tuple[Any, ...]:
        return (entity,) if len(self._key) == 1 else entity

    def _count(self, added: bytes, sign: int) -> None:
        for number, kind in enumerate(added):
            if kind != _NONE:
                self._judged[number] += sign
                if kind == _AT_FAULT:
                    self._failing[number] += sign


def broken(port: Port, records: Iterable[Mapping[str, Any]]) -> list[Broken]:
    """The rules of a port that records, in the order of their topic, break together; in the contract's
    order.
    """
    fold = TableFold(port)
    for offset, record in enumerate(records):
        fold.take(record, offset)
    return [Broken(one.rule, one.failing, fold.keys(one.name)) for one in fold.judged() if one.is_broken]


class _Owners:
    """Which entity has which value of a field that is to be unique."""

    def __init__(self, field: str, number: int) -> None:
        self.field = field
        self.number = number
        """Of the rule."""
        self._values: dict[Hashable, Hashable] = {}
        self._owners: dict[Hashable, int] = {}

    def give(self, entity: Hashable, value: Hashable) -> int:
        """Let an entity have this value, None for none; by how many more entities share one than before."""
        before = self._values.get(entity)
        if before == value:
            return 0
        more = 0
        if before is not None:
            left = self._owners[before] - 1
            more -= 1 if left > 1 else 2 * left  # who is left alone is at fault no more
            if left:
                self._owners[before] = left
            else:
                del self._owners[before]
        if value is None:
            self._values.pop(entity, None)
            return more
        owners = self._owners[value] = self._owners.get(value, 0) + 1
        self._values[entity] = value
        return more + (0 if owners == 1 else 1 if owners > 2 else 2)

    def at_fault(self) -> Iterator[Hashable]:
        """The entities whose value another one has too."""
        return (entity for entity, value in self._values.items() if self._owners[value] > 1)


def _addition(rule: TableRule) -> Callable[[Mapping[str, Any]], int]:
    """What a record adds to the counts of a rule; compiled once."""
    field = rule.field
    if isinstance(rule, Unique):
        return lambda record: _NONE if record.get(field) is None else _JUDGED
    if isinstance(rule.rule, NotNull):
        return lambda record: _AT_FAULT if record.get(field) is None else _JUDGED
    breaks = breaker(rule.rule)

    def add(record: Mapping[str, Any]) -> int:
        if record.get(field) is None:
            return _NONE
        return _AT_FAULT if breaks(record) else _JUDGED

    return add


def _places(port: Port) -> Place:
    """How the records of a port are compared."""
    if port.revision == "version":
        return lambda record, offset: record["version"][::-1] + _OFFSET.pack(offset)
    has_versions = "valid_from" in (port.table_key or port.record.model_fields)
    has_seq = port.revision == "seq"

    def place(record: Mapping[str, Any], offset: int) -> bytes:
        since = (record["valid_from"] - _EPOCH) // _MICROSECOND if has_versions else 0
        return _PLACE.pack(_HALF + since, record["seq"] if has_seq else offset, _LAST - offset)

    return place
