"""The header of a Native answer without rows: the engine sends nothing, a server sends the columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sinks.warehouse_server.errors import ClickHouseError

if TYPE_CHECKING:
    from sinks.warehouse_server.engine import Handle
    from sinks.warehouse_server.statements import Statement


def empty_block(handle: Handle, statement: Statement, parameters: dict[str, str]) -> bytes:
    """A Native block of no rows with the columns of ``statement``; empty when they cannot be known."""
    try:
        if statement.is_query:
            answer = handle.run(f"DESCRIBE TABLE ({statement.sql}\n)", "JSONCompact", parameters)
            columns = [(row[0], row[1]) for row in json.loads(answer.bytes())["data"]]
        else:
            answer = handle.run(statement.sql, "JSONCompact", parameters)
            columns = [(column["name"], column["type"]) for column in json.loads(answer.bytes())["meta"]]
    except (ClickHouseError, ValueError):
        return b""
    return encode_empty(columns)


def encode_empty(columns: list[tuple[str, Any]]) -> bytes:
    """The bytes of a Native block with ``columns`` (name, type) and no rows."""
    parts = [_varint(len(columns)), b"\0"]
    for column in columns:
        for text in column:
            raw = str(text).encode()
            parts += [_varint(len(raw)), raw]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
