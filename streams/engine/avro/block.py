"""Blocks: the part of a joined record that shows one other record, as slices of it with branch numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streams.engine.avro.meaning import fields_of
from streams.engine.avro.varint import encode_long
from streams.engine.avro.walk import Walker
from streams.engine.errors import EngineError

Field = tuple[str, Any]
"""Name and meaning (:mod:`~streams.engine.avro.meaning`)."""


@dataclass(frozen=True)
class Block:
    """The part of a row that shows one record.

    ``runs`` are slices of the source: bytes before it, place of its first field, place after its last one.
    ``null`` is the block of an unknown record.
    """

    prefix: str
    fields: tuple[str, ...]
    runs: tuple[tuple[bytes, int, int], ...]
    null: bytes

    def fragment(self, value: bytes, offsets: tuple[int, ...]) -> bytes:
        """The block's bytes, from a source record and the offsets of its fields."""
        return b"".join([before + value[offsets[first] : offsets[last]] for before, first, last in self.runs])


def block(prefix: str, source: Walker, fields: Sequence[Field]) -> Block:
    """The longest beginning of a row's ``fields`` that shows ``source``, whose walker reports every field.

    The row's ``<prefix>_<f>`` shows the source's ``f``, or the field of that very name where it has no ``f``.
    Each of them may be null in the row. Raises :class:`EngineError` ``layout-broken``.
    """
    known = dict(fields_of(source.schema))
    names: list[str] = []
    runs: list[tuple[bytes, int, int]] = []
    null = b""
    for name, kind in fields:
        short = name.removeprefix(f"{prefix}_")
        shown = short if short != name and short in known else name
        if shown not in known:
            break
        before, absent = _branches(kind, known[shown])
        if absent is None:
            raise broken(
                source.schema["name"], f"the row's {name!r} must be {shown!r} of the same type, or null"
            )
        place = source.position[shown]
        runs.append((before, place, place + 1))
        names.append(name)
        null += absent
    return Block(prefix, tuple(names), tuple(_joined(runs)), null)


def broken(place: str, what: str) -> EngineError:
    """The error of schemas that do not fit together."""
    return EngineError("layout-broken", what, place=place, remedy="mend the schema of the row")


def _branches(kind: Any, shown: Any) -> tuple[bytes, bytes | None]:
    """What precedes the source's bytes in the row's field, and the field when it is null; None: no fit."""
    if not isinstance(kind, list) or "null" not in kind:
        return b"", None
    absent = encode_long(kind.index("null"))
    if kind == shown:
        return b"", absent
    if isinstance(shown, list) or shown not in kind:
        return b"", None
    return encode_long(kind.index(shown)), absent


def _joined(runs: list[tuple[bytes, int, int]]) -> list[tuple[bytes, int, int]]:
    """Neighbouring slices without a branch number between them as one."""
    joined: list[tuple[bytes, int, int]] = []
    for before, first, last in runs:
        if joined and not before and joined[-1][2] == first:
            joined[-1] = (joined[-1][0], joined[-1][1], last)
        else:
            joined.append((before, first, last))
    return joined
