"""Reading a record as slices: by walking it; what others wrote, or wrote unusually, is rewritten first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from streams.engine.avro.frame import HEADER_SIZE, Schema
from streams.engine.avro.meaning import bare, fields_of
from streams.engine.avro.recognise import Items
from streams.engine.avro.rewrite import Rewriter, Schemas
from streams.engine.avro.walk import ItemsWalker, Walker


class Slices(NamedTuple):
    """A record as the expected writer wrote it, or would have."""

    value: bytes
    offsets: tuple[int, ...]
    """Start of each field, and the end; of the fields before the items where there are such."""
    items: Items
    """Of each item its bytes, and then those of its keys."""

    def field(self, place: int) -> bytes:
        """The bytes of a field."""
        return self.value[self.offsets[place] : self.offsets[place + 1]]


class Reader:
    """Reads framed records of one schema.

    ``keys`` are fields whose bytes are compared, so they must be written as short as they can be; a record
    whose keys are not is rewritten too. With ``items``, a last field that is an array of records, each item
    is cut out with its ``item_keys``.
    """

    def __init__(
        self,
        schema: Schema,
        schemas: Schemas | None = None,
        *,
        keys: Collection[str] = (),
        items: str | None = None,
        item_keys: Collection[str] = (),
    ) -> None:
        record = bare(schema.record)
        self._header = schema.header
        self.walker = Walker(record, until=items)
        self._rewriter = Rewriter(schema, schemas)
        fields = dict(fields_of(record))
        self._minimal = [(self.walker.position[key], _key_walker(fields, key)) for key in keys]
        self._items = items and ItemsWalker(record, items, item_keys)
        self._item_minimal: list[Walker] = []
        if items is not None:
            item = dict(fields[items]["items"]["fields"])
            # In the order of the item's fields, in which the walker cuts them out.
            self._item_minimal = [_key_walker(item, name) for name in item if name in item_keys]

    @property
    def rewritten(self) -> int:
        """How many records were decoded and encoded."""
        return self._rewriter.rewritten

    def read(self, value: bytes) -> Slices:
        """The slices of a record.

        Raises :class:`~streams.engine.avro.rewrite.UnreadableError` with the code of its dead letter.
        """
        if value.startswith(self._header):
            try:
                return self._cut(value)
            except ValueError:
                pass  # not of the usual form, or no value of the schema: decoding tells
        return self._cut(self._rewriter.rewrite(value))

    def _cut(self, value: bytes) -> Slices:
        offsets = self.walker.walk(value, HEADER_SIZE)
        items: Items = []
        end = offsets[-1]
        if self._items:
            items, end = self._items.walk(value, end)
        if end != len(value):
            raise ValueError("bytes after the last field")
        for place, key in self._minimal:
            key.offsets(value[offsets[place] : offsets[place + 1]])
        for _, *keys in items if self._item_minimal else ():
            for walker, found in zip(self._item_minimal, keys, strict=True):
                walker.offsets(found)
        return Slices(value, offsets, items)


def _key_walker(fields: Mapping[str, Any], key: str) -> Walker:
    """Accepts the bytes of one field, as short as they can be."""
    field = {"name": key, "type": _key_type(fields[key])}
    return Walker({"type": "record", "name": "Key", "fields": [field]}, canonical=True)


def _key_type(kind: Any) -> Any:
    """The schema of a key's type, from its meaning."""
    if isinstance(kind, list):
        return [_key_type(branch) for branch in kind]
    return {**kind, "name": f"Key{kind['type']}"} if isinstance(kind, dict) else kind
