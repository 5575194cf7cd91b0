"""Zero-decode landing: an Avro object container built from raw message bodies.

A container is a header with the schema, then blocks of count, size, concatenated bodies and a sync mark
(Apache Avro 1.12 specification, "Object Container Files"). A record is the concatenation of its fields,
without framing, so columns are appended to a message by appending their encoded bytes to its body.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from schemas.varint import encode_long
from sinks.clickhouse.columns import LINEAGE

_MAGIC = b"Obj\x01"
_SYNC = b"retail-data-mesh"  # any 16 bytes: a container is written and read in one request
_FRAME = 5  # magic byte and schema id, before the Avro body

assert len(_SYNC) == 16


class Container:
    """Builds containers of one record schema with the lineage columns appended."""

    def __init__(self, schema: dict[str, Any]) -> None:
        landed = dict(schema, fields=[*schema["fields"], *({"name": n, "type": t} for n, t, _ in LINEAGE)])
        text = json.dumps(landed).encode()
        meta = {b"avro.schema": text, b"avro.codec": b"null"}
        pairs = b"".join(encode_long(len(k)) + k + encode_long(len(v)) + v for k, v in meta.items())
        self._header = _MAGIC + encode_long(len(meta)) + pairs + b"\x00" + _SYNC

    def build(self, partition: int, records: Sequence[tuple[int, int, bytes]]) -> bytes:
        """The container of framed ``records`` (offset, Kafka timestamp in ms, value) of one partition."""
        place = encode_long(partition)
        parts: list[bytes] = []
        for offset, timestamp, value in records:
            parts += (value[_FRAME:], place, encode_long(offset), encode_long(timestamp))
        body = b"".join(parts)
        return b"".join((self._header, encode_long(len(records)), encode_long(len(body)), body, _SYNC))
