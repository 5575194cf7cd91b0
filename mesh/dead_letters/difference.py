"""What a redrive will change: field by field, the landed row of a fact before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mesh.dead_letters.audit import answered
from mesh.dead_letters.showing import masked
from mesh.kernel.contract import Port
from mesh.kernel.event import ENVELOPE, Event

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from mesh.dead_letters.topic_log import TopicLog

Fields = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 500
"""Entities that one statement asks for."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of a fact's row: a word for it, and the fields that change (old and new, masked)."""

    effect: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Landed:
    """Of some entities the records whose rows are in the warehouse now; one without a row is left out."""

    rows: dict[tuple[Any, ...], Fields]

    def difference(self, port: Port, fields: Fields) -> Difference:
        """What a fact will change; it then counts as landed, for the next one of its entity."""
        if port.table is None:
            return Difference("no table of its own", _new(port, fields))
        entity = entity_of(port, fields)
        held = self.rows.get(entity)
        if held is None:
            self.rows[entity] = fields
            return Difference("a new row", _new(port, fields))
        if not issubclass(port.record, Event):
            return Difference("judged by its version", {})
        if fields["seq"] < held["seq"]:
            return Difference(f"none: revision {held['seq']} is known, this is {fields['seq']}", {})
        changed = [name for name in fields if name not in ENVELOPE and fields[name] != held[name]]
        if fields["seq"] == held["seq"]:
            what = "a revision-conflict: will be parked again" if changed else "none: the fact is known"
            return Difference(what, _changes(port, held, fields, changed))
        self.rows[entity] = fields
        return Difference(
            f"revision {fields['seq']} in place of {held['seq']}", _changes(port, held, fields, changed)
        )


def entity_of(port: Port, fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """What identifies the row of a fact."""
    return tuple(fields[name] for name in port.table_key)


def landed(
    client: Client,
    log: TopicLog,
    read: Callable[[Port, bytes | None], Fields | None],
    facts: Iterable[tuple[Port, Fields]],
) -> dict[str, Landed]:
    """By topic, the landed records of the entities of these facts.

    The warehouse says where the record of each row stands; its fields are read back from there.
    """
    wanted: dict[Port, dict[tuple[Any, ...], None]] = {}
    for port, fields in facts:
        entities = wanted.setdefault(port, {})
        if port.table is not None:
            entities[entity_of(port, fields)] = None
    found = {}
    for port, entities in wanted.items():
        places = _places(client, port, list(entities))
        records = log.records(port.topic, places)
        rows = {}
        for record in records.values():
            fields_ = read(port, record.value)
            if fields_ is not None:
                rows[entity_of(port, fields_)] = fields_
        found[port.topic] = Landed(rows)
    return found


def _places(client: Client, port: Port, entities: list[tuple[Any, ...]]) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    for start in range(0, len(entities), _AT_ONCE):
        some = entities[start : start + _AT_ONCE]
        marks, values = [], {}
        for row, entity in enumerate(some):
            names = []
            for column, value in enumerate(entity):
                name = f"v{row}_{column}"
                names.append(_placeholder(name, value))
                values[name] = _micros(value) if isinstance(value, datetime) else value
            marks.append(f"({', '.join(names)})")
        with answered():
            result = client.query(
                f"SELECT _partition, _offset FROM {port.view}_clear "
                f"WHERE ({', '.join(port.table_key)}) IN ({', '.join(marks)})",
                parameters=values,
            )
        places += [(int(partition), int(offset)) for partition, offset in result.result_rows]
    return places


def _placeholder(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return f"fromUnixTimestamp64Micro({{{name}:Int64}}, 'UTC')"
    return f"{{{name}:Int64}}" if isinstance(value, int) else f"{{{name}:String}}"


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _new(port: Port, fields: Fields) -> dict[str, tuple[Any, Any]]:
    """Every field that says something, in place of nothing."""
    return {name: (None, value) for name, value in masked(port, fields).items() if value is not None}


def _changes(port: Port, old: Fields, new: Fields, changed: list[str]) -> dict[str, tuple[Any, Any]]:
    before, after = masked(port, old), masked(port, new)
    return {name: (before[name], after[name]) for name in changed}
