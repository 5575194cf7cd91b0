"""Walkers over raw Avro bytes: where each field of a record begins and ends, without decoding it.

An Avro record is its fields one after another, without framing. So a join can be a concatenation of slices,
once it is known where the fields lie. A walker is a Python function that is generated from a schema and
compiled once; it steps over the bytes and returns offsets.

Two kinds are compiled from the same schema:

general
    accepts every form that Avro allows: long varints, arrays and maps in several blocks, blocks with a byte
    size.
canonical
    accepts only what :class:`schemas.codec.Codec` itself would write, so that equal values have equal bytes
    and a slice may serve as a key or be compared. Whatever else it meets raises :class:`ValueError`, even
    where a codec could read it: decode and encode such a value again, or let the codec say what is wrong with
    it.

A canonical walker also refuses some right values that are rare (a decimal of more than seven bytes, a
timestamp after the year 3100, maps of several entries), so it is a filter for the common case, never the
judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastavro import parse_schema

from schemas.walk_compile import compile_record

Walk = Callable[[bytes, int], tuple[int, ...]]
"""(value, start) -> start of each field of the record, in order, and the end of the last one."""

WalkItems = Callable[[bytes, int], tuple[tuple[int, ...], list[int]]]
"""The same, and for each item of one array of records the start of each of its fields, in one flat list."""


class Walker:
    """Steps over records of one schema.

    ``fields`` are the names of its fields in order, ``position`` their places. ``items`` names a field that
    is an array of records; ``item_fields`` are then the names of their fields.
    """

    def __init__(
        self, schema: Mapping[str, Any], *, canonical: bool = False, items: str | None = None
    ) -> None:
        parsed: Any = parse_schema(dict(schema), named_schemas={}, _force=True)
        self.schema: dict[str, Any] = parsed
        self.fields: tuple[str, ...] = tuple(field["name"] for field in parsed["fields"])
        self.position: dict[str, int] = {name: place for place, name in enumerate(self.fields)}
        self.walk: Walk = compile_record(parsed, canonical=canonical, items=None)
        self.item_fields: tuple[str, ...] = ()
        if items is not None:
            array = parsed["fields"][self.position[items]]["type"]
            self.item_fields = tuple(field["name"] for field in array["items"]["fields"])
            self.walk_items: WalkItems = compile_record(parsed, canonical=canonical, items=items)

    def offsets(self, value: bytes, start: int = 0) -> tuple[int, ...]:
        """Start of each field and end of the last. Raises :class:`ValueError` unless the value ends there."""
        offsets = self.walk(value, start)
        if offsets[-1] != len(value):
            raise ValueError(f"{len(value) - offsets[-1]} bytes after the last field")
        return offsets

    def slices(self, value: bytes, start: int = 0) -> dict[str, bytes]:
        """The raw bytes of each field by name. Raises :class:`ValueError` as :meth:`offsets` does."""
        offsets = self.offsets(value, start)
        return {name: value[offsets[n] : offsets[n + 1]] for n, name in enumerate(self.fields)}
