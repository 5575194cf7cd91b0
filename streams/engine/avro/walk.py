"""Walkers over raw Avro bytes: where each field of a record begins and ends, without decoding it.

An Avro record is its fields one after another, without framing. So a join can be a concatenation of slices,
once it is known where the fields lie. A walker is generated from a schema and compiled once; it steps over
the bytes and returns offsets.

Two kinds are compiled from the same schema:

general
    accepts every form that Avro allows: long varints, arrays and maps in several blocks, blocks with a size.
canonical
    accepts only what is written as short as it can be, so that equal values have equal bytes and a slice may
    serve as a key or be compared. Whatever else it meets raises :class:`ValueError`, even where a codec could
    read it: decode and encode such a value again, or let the codec say what is wrong with it.

A canonical walker also refuses some right values that are rare (a decimal of more than seven bytes, a
timestamp after the year 3100, maps of several entries, a NaN that reading would change, logical types other
than these and dates), so it is a filter for the common case, never the judge.

Either kind first tries to recognise the common case (:mod:`~streams.engine.avro.recognise`), and steps field
by field (:mod:`~streams.engine.avro.walk_compile`) where that says that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any

from streams.engine.avro.meaning import parsed
from streams.engine.avro.recognise import Items, items_recogniser, record_recogniser
from streams.engine.avro.walk_compile import compile_items, compile_record
from streams.engine.avro.walk_pattern import UnrecognisableError
from streams.engine.avro.walk_program import record_program
from streams.engine.kernel import KERNEL

Walk = Callable[[bytes, int], tuple[int, ...]]
"""(value, start) -> start of each reported field, and the end of the record."""

WalkItems = Callable[[bytes, int], tuple[Items, int]]
"""(value, start) -> the items of an array, and its end."""


class Walker:
    """Steps over records of one schema, or over their first fields.

    It reports where ``fields`` begin, all of them or those that are asked for: the field ``name`` of a
    value lies between ``offsets[position[name]]`` and the offset after it. ``until`` names a field to stop
    before.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        *,
        canonical: bool = False,
        fields: Collection[str] | None = None,
        until: str | None = None,
    ) -> None:
        self.schema: dict[str, Any] = parsed(schema)
        names = [field["name"] for field in self.schema["fields"]]
        if until is not None:
            names = names[: names.index(until)]
        self.fields: tuple[str, ...] = tuple(names) if fields is None else _with_next(names, fields)
        self.position: dict[str, int] = {name: place for place, name in enumerate(self.fields)}
        self._walked = {**self.schema, "fields": self.schema["fields"][: len(names)]}
        self._canonical = canonical

    @cached_property
    def walk(self) -> Walk:
        """Walk a record without looking at what follows it. Raises :class:`ValueError`."""
        return _record_walk(self._walked, self.fields, canonical=self._canonical)

    def program(self) -> Any:
        """The walk of the common case, for compiled code; there must be a kernel.

        Raises :class:`~streams.engine.avro.walk_pattern.UnrecognisableError`.
        """
        assert KERNEL is not None
        return KERNEL.Program(record_program(self._walked, self.fields), len(self.fields))

    def offsets(self, value: bytes, start: int = 0) -> tuple[int, ...]:
        """Start of each field, and the end. Raises :class:`ValueError` unless the value ends there."""
        offsets = self.walk(value, start)
        if offsets[-1] != len(value):
            raise ValueError(f"{len(value) - offsets[-1]} bytes after the last field")
        return offsets

    def slices(self, value: bytes, start: int = 0) -> dict[str, bytes]:
        """The raw bytes of each field by name. Raises :class:`ValueError` as :meth:`offsets` does."""
        offsets = self.offsets(value, start)
        return {name: value[offsets[n] : offsets[n + 1]] for n, name in enumerate(self.fields)}


class ItemsWalker:
    """Steps over the items of a record's field that is an array of records.

    ``walk(value, start)``, where the array begins at ``start``, gives of each item its bytes and then those
    of each of ``fields``, and the end of the array. It raises :class:`ValueError` as a walker's ``walk``
    does.
    """

    def __init__(
        self, schema: Mapping[str, Any], array: str, fields: Collection[str], *, canonical: bool = False
    ) -> None:
        record = parsed(schema)
        field = next(field for field in record["fields"] if field["name"] == array)
        item = field["type"]["items"]
        slow: WalkItems = compile_items(record, field["type"], fields, canonical=canonical)
        self.walk: WalkItems = slow
        try:
            recognise = items_recogniser(item, fields)
        except UnrecognisableError:
            return

        def walk(value: bytes, start: int) -> tuple[Items, int]:
            return recognise(value, start) or slow(value, start)

        self.walk = walk


def _record_walk(schema: dict[str, Any], marked: tuple[str, ...], *, canonical: bool) -> Walk:
    slow: Walk = compile_record(schema, marked, canonical=canonical)
    try:
        recognise = record_recogniser(schema, marked)
    except UnrecognisableError:
        return slow

    def walk(value: bytes, start: int) -> tuple[int, ...]:
        return recognise(value, start) or slow(value, start)

    return walk


def _with_next(names: list[str], wanted: Collection[str]) -> tuple[str, ...]:
    """The wanted names in their order, and after each the next one, which begins where it ends."""
    if unknown := set(wanted) - set(names):
        raise ValueError(f"no such fields: {', '.join(sorted(unknown))}")
    return tuple(
        name for place, name in enumerate(names) if name in wanted or (place and names[place - 1] in wanted)
    )
