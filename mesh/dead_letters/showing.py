"""What may be shown of a record: its fields with personal text masked, or what its first bytes look like."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import Any

from mesh.kernel.contract import Port
from mesh.subscribe.masking import Masking

BYTES = 64
"""How many bytes of a value that cannot be decoded are shown."""
_ROW = 16
_FRAME = 5


def masked(port: Port, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a record's fields with personal text masked as the contract says."""
    return Masking.of(port).apply(deepcopy(dict(fields)))


def plain(value: Any) -> Any:
    """A field's value for people and for JSON: amounts as text, moments in ISO 8601, bytes in hex."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def text(value: Any) -> str:
    """A field's value in one line."""
    shown = plain(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)


def look(value: bytes | None) -> str:
    """What an undecodable value looks like, without a word of what it says."""
    if value is None:
        return "no value"
    size = f"{len(value):,} bytes"
    if len(value) >= _FRAME and value[0] == 0:
        return f"{size}, framed with schema id {int.from_bytes(value[1:_FRAME], 'big')}"
    try:
        json.loads(value)
        return f"{size} of JSON, not framed Avro"
    except ValueError:
        pass
    try:
        value.decode()
    except UnicodeDecodeError:
        return f"{size} without a frame"
    return f"{size} of text, not framed Avro" if value else "no bytes at all"


def hexdump(value: bytes) -> Iterable[str]:
    """The first bytes in hexadecimal, a line for each 16. No letters beside them: they may be a person's."""
    for start in range(0, min(len(value), BYTES), _ROW):
        yield f"{start:04x}  {value[start : min(start + _ROW, BYTES)].hex(' ')}"
    if len(value) > BYTES:
        yield f"…     {len(value) - BYTES:,} more"
