"""Recognisers of the common case: where the fields of a record, or the items of an array, lie.

With the compiled kernel they are programs, without it regular expressions. Either gives the same places or
says that it does not know, in which case a compiled walker steps through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from streams.engine.avro.varint import raw_minimal
from streams.engine.avro.walk_pattern import item_pattern, record_pattern
from streams.engine.avro.walk_program import item_program, record_program
from streams.engine.kernel import KERNEL

Items = list[tuple[bytes, ...]]
"""Of each item its bytes, and then the bytes of its fields that were asked for."""

RecordRecogniser = Callable[[bytes, int], tuple[int, ...] | None]
"""(value, start) -> start of each reported field and the end of the record; None when it does not know."""

ItemsRecogniser = Callable[[bytes, int], tuple[Items, int] | None]
"""(value, start) -> the items of an array and its end; None when it does not know."""


def record_recogniser(schema: dict[str, Any], marked: Collection[str]) -> RecordRecogniser:
    """Recognises records of ``schema``, as fastavro has parsed it; reports the fields ``marked``.

    Raises :class:`~streams.engine.avro.walk_pattern.UnrecognisableError`.
    """
    if KERNEL is not None:
        recogniser: RecordRecogniser = KERNEL.Program(record_program(schema, marked), len(marked)).record
        return recogniser
    match = re.compile(record_pattern(schema, marked)).match
    groups = range(1, len(marked) + 1)

    def recognise(value: bytes, start: int) -> tuple[int, ...] | None:
        found = match(value, start)
        return None if found is None else (*map(found.start, groups), found.end())

    return recognise


def items_recogniser(item: dict[str, Any], captured: Collection[str]) -> ItemsRecogniser:
    """Recognises arrays of the record ``item``, in one block; otherwise as :func:`record_recogniser`."""
    if KERNEL is not None:
        recogniser: ItemsRecogniser = KERNEL.Program(item_program(item, captured), 2 * len(captured)).items
        return recogniser
    match = re.compile(item_pattern(item, captured)).match

    def recognise(value: bytes, start: int) -> tuple[Items, int] | None:
        items: Items = []
        doubled, at = _count(value, start)
        if doubled & 1:
            return None
        for _ in range(doubled >> 1):
            found = match(value, at)
            if found is None:
                return None
            items.append(found.groups())
            at = found.end()
        if not doubled:
            return items, at
        return (items, at + 1) if value[at : at + 1] == b"\0" else None  # else another block, or nothing

    return recognise


def _count(value: bytes, start: int) -> tuple[int, int]:
    """Twice the number of items of a block, and where they begin; odd for anything unusual."""
    if start < len(value) and value[start] < 128:
        return value[start], start + 1
    try:
        return raw_minimal(value, start)
    except (IndexError, ValueError):
        return 1, start
