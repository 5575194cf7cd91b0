"""The Native header of an answer without rows."""

from __future__ import annotations

from sinks.warehouse_server.native import encode_empty


def test_names_and_types_with_their_lengths() -> None:
    """Columns, rows, then per column its name and type, each with its length in front."""
    assert encode_empty([("a", "Int32"), ("b", "String")]) == b"\x02\x00\x01a\x05Int32\x01b\x06String"


def test_long_lengths_take_more_bytes() -> None:
    """Lengths are LEB128."""
    assert encode_empty([("x" * 200, "T")])[:4] == b"\x01\x00\xc8\x01"
