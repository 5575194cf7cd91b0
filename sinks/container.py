"""Zero-decode landing: an Avro object container built from raw message bodies.

A container is a header with the schema, then blocks of count, size, concatenated bodies and a sync mark
(Apache Avro 1.12 specification, "Object Container Files"). A record is the concatenation of its fields,
without framing, so columns are appended to a message by appending their encoded bytes to its body.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from schemas.wire import HEADER_SIZE
from sinks.clickhouse.columns import LINEAGE
from streams.engine.avro.varint import encode_long

_MAGIC = b"Obj\x01"
_SYNC = b"retail-data-mesh"  # any 16 bytes: a container is written and read in one request

assert len(_SYNC) == 16

Landable = tuple[int, int, int, bytes]
"""Partition, offset, Kafka timestamp in ms, framed value."""


class Container:
    """Builds containers of one record schema with the lineage columns appended."""

    def __init__(self, schema: dict[str, Any]) -> None:
        landed = dict(schema, fields=[*schema["fields"], *({"name": n, "type": t} for n, t, _ in LINEAGE)])
        text = json.dumps(landed).encode()
        meta = {b"avro.schema": text, b"avro.codec": b"null"}
        pairs = b"".join(encode_long(len(k)) + k + encode_long(len(v)) + v for k, v in meta.items())
        self._header = _MAGIC + encode_long(len(meta)) + pairs + b"\x00" + _SYNC

    def build(self, records: Sequence[Landable]) -> bytes:
        """The container of the records."""
        parts: list[bytes] = []
        published, when = -1, b""
        for partition, offset, timestamp, value in records:
            if timestamp != published:  # many in a row share it
                published, when = timestamp, encode_long(timestamp)
            parts += (value[HEADER_SIZE:], encode_long(partition), encode_long(offset), when)
        body = b"".join(parts)
        return b"".join((self._header, encode_long(len(records)), encode_long(len(body)), body, _SYNC))
