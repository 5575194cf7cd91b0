"""The splice join: rows put together from slices of records, compiled from their schemas, decoding nothing.

    row = frame ++ fields of the fact ++ fields of the item ++ block ++ block ++ …

A fact is a record, or one with an array of records (its items) of which each becomes a row. A dimension's
block is made once for each version of a member (:class:`~streams.engine.avro.members.Members`); a row costs
one walk that finds the keys' bytes, one look-up for each dimension, and one join of bytes
(:class:`~streams.engine.avro.join.Join`).

The rules that this relies on are checked when the splice is made: :class:`EngineError` ``layout-broken``
names the first that is broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streams.engine.avro.block import Block, Field, block, broken
from streams.engine.avro.frame import Schema
from streams.engine.avro.meaning import fields_of, parsed
from streams.engine.avro.varint import encode_long
from streams.engine.avro.walk import Walker


@dataclass(frozen=True)
class Shown:
    """A dimension as a row shows it.

    ``key`` is the field of the dimension's record that identifies a member, ``by`` the field of the fact, or
    of its items, that names the member; ``by`` may be null where ``key`` may not.
    """

    prefix: str
    schema: Schema
    key: str
    by: str


class Splice:
    """How rows of one schema are put together from the facts of another and any number of dimensions."""

    def __init__(
        self,
        fact: Schema,
        row: Schema,
        dimensions: Sequence[Shown],
        *,
        items: str | None = None,
    ) -> None:
        self.fact, self.row, self.items = fact, row, items
        own, item = _own_fields(parsed(fact.record), items)
        wanted = fields_of(parsed(row.record))
        place = 0
        for name, kind in (*own, *item):
            if place >= len(wanted) or wanted[place] != (name, kind):
                raise broken(row.name, f"field {place + 1} must be the fact's {name!r}, of its type")
            place += 1
        left, ordered, blocks = list(dimensions), list[Shown](), list[Block]()
        while place < len(wanted):
            name = wanted[place][0]
            begun = [one for one in left if _begins(one, name)]
            if not begun:
                raise broken(row.name, f"nothing is known to show as {name!r}")
            left.remove(begun[0])
            ordered.append(begun[0])
            blocks.append(block(begun[0].prefix, Walker(begun[0].schema.record), wanted[place:]))
            place += len(blocks[-1].fields)
        if left:
            raise broken(row.name, f"no field shows {left[0].prefix!r}")
        self.dimensions, self.blocks = tuple(ordered), tuple(blocks)
        """In the order of the row."""
        self.branches = tuple(_branch(fact.name, one, {**dict(own), **dict(item)}) for one in ordered)
        """Of each dimension the branch number that precedes its key in the field that names it."""
        named = {one.by for one in ordered}
        self.own_keys = tuple(name for name, _ in own if name in named)
        """The fields of the fact that name members, in their order there."""
        self.item_keys = tuple(name for name, _ in item if name in named)

    def place(self, prefix: str) -> int:
        """Which of the dimensions it is that has this prefix."""
        return next(place for place, one in enumerate(self.dimensions) if one.prefix == prefix)


def _begins(dimension: Shown, name: str) -> bool:
    """Whether a row's field shows a field of a dimension."""
    known = {field["name"] for field in dimension.schema.record["fields"]}
    short = name.removeprefix(f"{dimension.prefix}_")
    return (short if short != name and short in known else name) in known


def _own_fields(fact: dict[str, Any], items: str | None) -> tuple[list[Field], list[Field]]:
    fields = fields_of(fact)
    if items is None:
        return fields, []
    kind = dict(fields).get(items)
    if not isinstance(kind, dict) or kind["type"] != "array" or not isinstance(kind["items"], dict):
        raise broken(fact["name"], f"{items!r} must be an array of records")
    if kind["items"]["type"] != "record":
        raise broken(fact["name"], f"{items!r} must be an array of records")
    if fields[-1][0] != items:
        raise broken(fact["name"], f"{items!r} must be the last field")
    return fields[:-1], kind["items"]["fields"]


def _branch(fact: str, one: Shown, names: dict[str, Any]) -> bytes:
    key = dict(fields_of(parsed(one.schema.record))).get(one.key)
    by = names.get(one.by)
    if key is None or by is None:
        raise broken(fact, f"there is no {one.by!r} that names a {one.key!r} of {one.prefix!r}")
    key, by = _stored(key), _stored(by)
    if key == by:
        return b""
    if isinstance(by, list) and key in by:
        return encode_long(by.index(key))
    raise broken(fact, f"{one.by!r} must have the type of {one.key!r} of {one.prefix!r}")


def _stored(kind: Any) -> Any:
    """A key's type as it is stored: an int has the bytes of the same long."""
    if isinstance(kind, list):
        return [_stored(branch) for branch in kind]
    bare = kind["type"] if isinstance(kind, dict) and "logicalType" in kind and "size" not in kind else kind
    return "long" if bare == "int" else bare
