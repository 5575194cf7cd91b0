"""Regular expressions that recognise records on the wire, the fast way to walk the common case.

A pattern matches values of its schema that are written as our codec writes them and whose texts are short and
ASCII. What it does not match may be as right: a compiled walker decides. Matching a field costs some ten to a
hundred nanoseconds, a fifth of what generated Python needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MINIMAL: dict[str, bytes] = {
    # A last byte of 0 would add nothing; the tenth byte of a long and the fifth of an int hold few bits.
    "long": rb"[\x00-\x7f]|[\x80-\xff]{1,8}[\x01-\x7f]|[\x80-\xff]{9}\x01",
    "int": rb"[\x00-\x7f]|[\x80-\xff]{1,3}[\x01-\x7f]|[\x80-\xff]{4}[\x01-\x0f]",
    # Moments of the years 828 to 3111 (milliseconds: 1900 to 2039), days of 19 to 3921; datetime holds more.
    "timestamp-micros": rb"[\x00-\x7f]|[\x80-\xff]{1,7}[\x01-\x7f]",
    "timestamp-millis": rb"[\x00-\x7f]|[\x80-\xff]{1,5}[\x01-\x7f]",
    "date": rb"[\x00-\x7f]|[\x80-\xff][\x01-\x7f]|[\x80-\xff]{2}[\x01-\x56]",
}
"""Numbers as short as they can be, and within the bounds of their logical type."""
NUMBERS = {"timestamp-micros": "long", "timestamp-millis": "long", "date": "int"}
"""Logical types of numbers, and what they are stored as."""

_LONGEST = 128
"""Texts of this length or longer are not recognised; each length is a branch of the pattern."""
SINGLE_BYTE = 64
"""Numbers below this have one byte when written as short as can be."""
_ANY, _ASCII = rb"[\x00-\xff]", rb"[\x00-\x7f]"
SIZES = {"float": 4, "double": 8}
_FLOAT = rb"(?!(?!\x00\x00\x80)[\x00-\xff]{2}[\x80-\xbf][\x7f\xff])[\x00-\xff]{4}"
"""Any but a signalling NaN, which becomes a quiet one where a codec reads it into a double."""


class UnrecognisableError(ValueError):
    """A schema for which there is no pattern: it is recursive, or holds a type that is never common."""


def most_bytes(precision: int) -> int:
    """So many bytes hold no decimal with more digits than ``precision``; one byte more might."""
    beyond: int = 10**precision
    return beyond.bit_length() // 8


def record_pattern(schema: dict[str, Any], marked: Iterable[str]) -> bytes:
    """The pattern of a record, with an empty group at the start of each field that is ``marked``.

    ``schema`` has been parsed by fastavro. Raises :class:`UnrecognisableError`.
    """
    wanted = set(marked)
    return b"".join(
        (b"()" if field["name"] in wanted else b"") + _pattern(field["type"]) for field in schema["fields"]
    )


def item_pattern(schema: dict[str, Any], captured: Iterable[str]) -> bytes:
    """The pattern of a record, as a group, with a group around each field that is ``captured``."""
    wanted = set(captured)
    fields = [
        (b"(%b)" if field["name"] in wanted else b"%b") % _pattern(field["type"])
        for field in schema["fields"]
    ]
    return b"(%b)" % b"".join(fields)


def _pattern(schema: Any) -> bytes:
    if isinstance(schema, list):
        return _branches([_byte(2 * place) + _pattern(branch) for place, branch in enumerate(schema)])
    if isinstance(schema, str):
        schema = {"type": schema}
    kind, logical = schema["type"], schema.get("logicalType")
    if isinstance(kind, (dict, list)):
        return _pattern(kind)
    if logical is not None and NUMBERS.get(logical) != kind and (kind, logical) != ("bytes", "decimal"):
        raise UnrecognisableError(f"a {logical}")
    if kind in ("int", "long"):
        return b"(?:%b)" % MINIMAL[logical or kind]
    if kind == "bytes":
        return _decimal(schema["precision"]) if logical else _text(_ANY)
    if kind in ("array", "map"):
        return rb"\x00"  # the empty one
    if kind == "enum" and len(schema["symbols"]) <= SINGLE_BYTE:
        return b"[%b]" % b"".join(_byte(2 * place) for place in range(len(schema["symbols"])))
    if kind in ("record", "error"):
        return b"".join(_pattern(field["type"]) for field in schema["fields"])
    if kind in ("null", "boolean", "string"):
        return {"null": b"", "boolean": rb"[\x00\x01]", "string": _text(_ASCII)}[kind]
    if kind == "float":
        return _FLOAT
    if kind in ("fixed", *SIZES):
        return _repeated(_ANY, SIZES.get(kind) or schema["size"])
    raise UnrecognisableError(str(kind))  # the name of a type that was written out before


def _text(byte: bytes) -> bytes:
    """A length and as many bytes: a branch for each length, told apart by their first byte or two."""
    return _branches([_length(size) + _repeated(byte, size) for size in range(_LONGEST)])


def _decimal(precision: int) -> bytes:
    """A number of as few bytes as our codec needs for it: not led by a byte that only repeats the sign."""
    one = rb"\x02(?!\x80)" + _ANY
    longer = [
        _length(size)
        # -2^n is written with a byte to spare: ff 80 00, and never 80 00.
        + rb"(?!\x00[\x00-\x7f]|\xff[\x81-\xff]|\xff\x80(?!\x00{%d})|\x80\x00{%d})" % (size - 2, size - 1)
        + _repeated(_ANY, size)
        for size in range(2, most_bytes(precision) + 1)
    ]
    return _branches([one, *longer])


def _branches(patterns: list[bytes]) -> bytes:
    return b"(?>%b)" % b"|".join(patterns)  # no two of them match the same bytes


def _repeated(byte: bytes, size: int) -> bytes:
    return b"%b{%d}" % (byte, size) if size else b""


def _length(size: int) -> bytes:
    doubled = 2 * size
    return _byte(doubled) if size < SINGLE_BYTE else _byte(doubled & 127 | 128) + _byte(doubled >> 7)


def _byte(number: int) -> bytes:
    return re.escape(bytes([number]))
