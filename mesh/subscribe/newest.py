"""Which record of an entity holds, and what a subscriber is told when it changes: pure.

A fact or a version (``seq``) holds by the highest revision, of equal ones the first. A derived record
(``version``) holds by the highest version, of equal ones the last. So the outcome depends on the set of
records and, for equal ranks only, on their order in the partition; repeats change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from mesh.kernel.contract import Port
from mesh.kernel.errors import SubscribeError
from schemas.version import ORDER_LINE, unpack
from schemas.wire import HEADER_SIZE

Kind = Literal["upsert", "delete"]
Entity = tuple[Any, ...]
"""The values of a table's key."""


class Held(NamedTuple):
    """The record that holds of an entity."""

    rank: int
    """Its ``seq``, or its ``version`` as a number."""
    live: bool
    """False when it says that the entity is gone."""
    value: bytes
    """As it came, framed."""


class Outcome(NamedTuple):
    """What a record changes: nothing; what is held; what is held and what a subscriber sees."""

    held: Held | None
    """What holds from now on; None where nothing changes."""
    kind: Kind | None
    """What the subscriber is told; None for nothing."""


_NOTHING = Outcome(None, None)


class Newest:
    """The rule by which the records of one port are folded to one of each entity.

    Raises :class:`SubscribeError` ``latest-unknown`` where the contract does not say what an entity is.
    """

    def __init__(self, port: Port) -> None:
        if not port.table_key or not port.revision:
            raise SubscribeError(
                "latest-unknown",
                "its contract names no tableKey, so there is no newest record of anything",
                place=port.topic,
                remedy="subscribe to every record: latest=False",
            )
        self.fields = port.table_key
        self._versioned = port.revision == "version"
        self._deletes = "is_deleted" in port.record.model_fields
        # A table that is sorted by more than its key has records that only clear an old sort key: their
        # registers are 0, and they say nothing about the entity (semantics, rule 10).
        self._moves = self._versioned and port.order_by is not None

    def entity(self, values: Mapping[str, Any]) -> Entity:
        """Whose record it is."""
        return tuple(values[name] for name in self.fields)

    def rank(self, values: Mapping[str, Any]) -> int:
        """How new its knowledge is; comparable between records of one entity."""
        return int.from_bytes(values["version"], "little") if self._versioned else int(values["seq"])

    def fold(self, held: Held | None, values: Mapping[str, Any], value: bytes) -> Outcome:
        """What a record changes, given what is held of its entity."""
        if self._moves and unpack(values["version"], ORDER_LINE)[1] == 0:
            return _NOTHING
        new = Held(self.rank(values), not (self._deletes and values["is_deleted"]), value)
        if held is not None:
            if new.rank < held.rank:
                return _NOTHING
            if new.rank == held.rank and (not self._versioned or _body(value) == _body(held.value)):
                return _NOTHING
        if new.live:
            return Outcome(new, "upsert")
        return Outcome(new, "delete" if held is not None and held.live else None)


def _body(value: bytes) -> bytes:
    """Without the schema id, which a repeat by newer code may change."""
    return value[HEADER_SIZE:]


def written(entity: Entity) -> str:
    """An entity as text; equal entities, and no others, give equal texts."""
    return json.dumps(entity, ensure_ascii=False, default=_moment)


def _moment(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in the key of a table")
