"""Walks as programs for the compiled kernel: the common case, as :mod:`~streams.engine.avro.walk_pattern`.

A program is a list of small numbers, operations with their arguments; ``_kernel.pyx`` says what each does. It
recognises what the pattern of the schema recognises, and besides texts that are longer, and arrays and maps
of some items, which are passed over whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from streams.engine.avro.walk_pattern import NUMBERS, SINGLE_BYTE, SIZES, UnrecognisableError, most_bytes


class Op(IntEnum):
    """Operations; the kernel has the same numbers."""

    END = 0
    MARK = 1
    NUMBER = 2
    TEXT = 3
    BYTES = 4
    DECIMAL = 5
    SKIP = 6
    BOOLEAN = 7
    ITEMS = 8
    ENUM = 9
    UNION = 10
    JUMP = 11
    FLOAT = 12


_BOUNDS = {
    "long": (10, 0x01),
    "int": (5, 0x0F),
    "timestamp-micros": (8, 0x7F),
    "timestamp-millis": (6, 0x7F),
    "date": (3, 0x56),
}
"""Most bytes of a number, and the greatest last byte of one that has so many."""


def record_program(schema: dict[str, Any], marked: Iterable[str]) -> list[int]:
    """The program of a record that marks where each field of ``marked`` begins.

    ``schema`` has been parsed by fastavro. Raises :class:`UnrecognisableError`.
    """
    wanted = set(marked)
    code: list[int] = []
    for field in schema["fields"]:
        code += [Op.MARK] if field["name"] in wanted else []
        code += _code(field["type"])
    return [*code, Op.END]


def item_program(schema: dict[str, Any], captured: Iterable[str]) -> list[int]:
    """The program of a record that marks where each field of ``captured`` begins, and where it ends."""
    wanted = set(captured)
    code: list[int] = []
    for field in schema["fields"]:
        inner = _code(field["type"])
        code += [Op.MARK, *inner, Op.MARK] if field["name"] in wanted else inner
    return [*code, Op.END]


def _code(schema: Any) -> list[int]:
    if isinstance(schema, list):
        return _union(schema)
    if isinstance(schema, str):
        schema = {"type": schema}
    kind, logical = schema["type"], schema.get("logicalType")
    if isinstance(kind, (dict, list)):
        return _code(kind)
    if logical is not None and NUMBERS.get(logical) != kind and (kind, logical) != ("bytes", "decimal"):
        raise UnrecognisableError(f"a {logical}")
    if kind in ("int", "long"):
        return [Op.NUMBER, *_BOUNDS[logical or kind]]
    if kind == "bytes":
        return [Op.DECIMAL, most_bytes(schema["precision"])] if logical else [Op.BYTES]
    if kind == "enum" and len(schema["symbols"]) <= SINGLE_BYTE:
        return [Op.ENUM, len(schema["symbols"])]
    if kind in ("record", "error"):
        return [op for field in schema["fields"] for op in _code(field["type"])]
    if kind in ("fixed", "double"):
        return [Op.SKIP, SIZES.get(kind) or schema["size"]]
    if kind in ("array", "map"):
        key = [Op.TEXT] if kind == "map" else []
        item = [*key, *_code(schema["items" if kind == "array" else "values"]), Op.END]
        return [Op.ITEMS, 2 + len(item), *item]
    simple = {
        "null": [],
        "boolean": [Op.BOOLEAN],
        "float": [Op.FLOAT],
        "string": [Op.TEXT],
    }
    if kind in simple:
        return [int(op) for op in simple[kind]]
    raise UnrecognisableError(str(kind))  # the name of a type that was written out before


def _union(schema: list[Any]) -> list[int]:
    """Each branch ends in a jump behind the last one; all distances are from the operation that has them."""
    if len(schema) > SINGLE_BYTE:
        raise UnrecognisableError("a union of many branches")
    branches = [_code(branch) for branch in schema]
    head = 2 + len(branches)
    starts, at = [], head
    for branch in branches:
        starts.append(at)
        at += len(branch) + 2
    code = [int(Op.UNION), len(branches), *starts]
    for branch in branches:
        code += branch
        code += [int(Op.JUMP), at - len(code)]
    return code
