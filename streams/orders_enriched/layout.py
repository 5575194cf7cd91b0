"""How a row is laid out, derived from the schemas: which slices of which records follow each other.

    row = frame ++ order's fields ++ line's fields ++ product ++ location ++ territory ++ employee ++ customer
          ++ payment ++ fulfilment ++ returns ++ version ++ is_deleted

The blocks are the engine's (:mod:`streams.engine.avro.block`). Every rule that the splice relies on is
checked here or there, so that a changed event stops the start and never spoils a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mesh.kernel.errors import StreamError
from mesh.kernel.event import ENVELOPE
from streams.engine.avro.block import Block, Field
from streams.engine.avro.block import block as block_of
from streams.engine.avro.meaning import fields_of
from streams.engine.avro.walk import Walker

PRESENT = b"\x02"
"""Branch number of the second branch of ["null", T]."""
ABSENT = b"\x00"
"""Branch number of null: the whole of a null field."""

TAIL = ("returned_quantity", "return_count", "returned_amount", "last_returned_at", "version", "is_deleted")
"""The fields of a row that are computed; their types are those of :mod:`streams.orders_enriched.returns`."""
_TAIL_TYPES = ("long", "long", "decimal", "timestamp-micros or null", "fixed 32", "boolean")
LINE_KEY = ("line_number", "product_id")
"""The first fields of a line: its raw number is its identity, the product's id follows."""


@dataclass(frozen=True)
class Layout:
    """The blocks of a row in their order."""

    blocks: tuple[Block, ...]

    def block(self, prefix: str) -> Block:
        """The block with this prefix."""
        return next(block for block in self.blocks if block.prefix == prefix)


def layout(row: Walker, order: Walker, sources: Mapping[str, Walker], keys: Mapping[str, str]) -> Layout:
    """The layout of ``row``: the order's fields, its lines' fields, then a block for each of ``sources``.

    ``sources`` maps a block's prefix to the record that it shows, in the order of the row. ``keys`` names the
    block's field that must come first and be one that the source always has, so that the block tells whose it
    is. Raises :class:`StreamError`, or the engine's error, (``layout-broken``) when they do not fit together.
    """
    fields = fields_of(row.schema)
    place = 0
    for name, kind in (*_order_fields(order), *_line_fields(order)):
        if place >= len(fields) or fields[place] != (name, kind):
            raise _broken(
                row, f"{name!r} of the order must be field {place + 1} of the row, with the same type"
            )
        place += 1
    blocks = []
    for prefix, source in sources.items():
        block = block_of(prefix, source, fields[place:])
        if not block.fields or block.fields[0] != keys[prefix] or block.runs[0][0] != PRESENT:
            raise _broken(
                row, f"the block {prefix!r} must begin with {keys[prefix]!r}, which may not be null there"
            )
        blocks.append(block)
        place += len(block.fields)
    rest = fields[place:]
    if tuple(name for name, _ in rest) != TAIL:
        raise _broken(
            row, f"after the blocks come {', '.join(TAIL)}, not {', '.join(name for name, _ in rest)}"
        )
    if tuple(_kind(kind) for _, kind in rest) != _TAIL_TYPES:
        raise _broken(row, f"the types of {', '.join(TAIL)} must be {', '.join(_TAIL_TYPES)}")
    return Layout(tuple(blocks))


def check_envelope(source: Walker) -> None:
    """Raise :class:`StreamError` unless the envelope's fields come first."""
    if tuple(field["name"] for field in source.schema["fields"][: len(ENVELOPE)]) != ENVELOPE:
        raise _broken(source, f"the fields of the envelope must come first: {', '.join(ENVELOPE)}")


def check_clock(clock: Walker) -> None:
    """Raise :class:`StreamError` unless the clock's record is a partition and a moment."""
    fields = [(name, _kind(kind)) for name, kind in fields_of(clock.schema)]
    if fields != [("partition", "long"), ("event_time", "timestamp-micros")]:
        raise _broken(clock, "the clock must be a partition and an event_time")


def _order_fields(order: Walker) -> list[Field]:
    fields = fields_of(order.schema)
    if fields[-1][0] != "lines":
        raise _broken(order, "'lines' must be the last field")
    for name in ("location_id", "territory_id", "employee_id"):
        if (name, ["null", "string"]) not in fields:
            raise _broken(order, f"{name!r} must be a string or null")
    return fields[len(ENVELOPE) : -1]


def _line_fields(order: Walker) -> list[Field]:
    lines: list[Field] = fields_of(order.schema)[-1][1]["items"]["fields"]
    if tuple(name for name, _ in lines[: len(LINE_KEY)]) != LINE_KEY:
        raise _broken(order, f"a line must begin with {' and '.join(LINE_KEY)}")
    return lines


def _kind(kind: Any) -> str:
    if isinstance(kind, list):
        return " or ".join(_kind(branch) for branch in reversed(kind))
    if isinstance(kind, dict):
        return str(kind.get("logicalType") or f"{kind['type']} {kind.get('size', '')}".strip())
    return str(kind)


def _broken(walker: Walker, what: str) -> StreamError:
    return StreamError(
        "layout-broken",
        what,
        place=walker.schema["name"],
        remedy="keep the order of fields in events.py, or teach the splice",
    )
