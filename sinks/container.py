"""Zero-decode landing: an Avro object container built from raw message values.

A container is a header with the schema, then blocks of count, size, concatenated bodies and a sync mark
(Apache Avro 1.12 specification, "Object Container Files"). A record is the concatenation of its fields,
without framing. So a message's value is a record as it stands: its Confluent frame is a first field of five
bytes, which the warehouse skips, and the lineage columns and the seal are appended as their encoded bytes.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
from confluent_kafka import Message

from schemas.column import cut, longs, same, slices
from schemas.wire import HEADER_SIZE
from sinks.clickhouse.columns import LINEAGE, SEAL, SEALED
from streams.engine.avro.varint import encode_long

_MAGIC = b"Obj\x01"
_SYNC = b"retail-data-mesh"  # any 16 bytes: a container is written and read in one request
_SEALED = encode_long(SEALED)
_FRAME = {"name": "_frame", "type": {"type": "fixed", "name": "Frame", "size": HEADER_SIZE}}

assert len(_SYNC) == 16


class Rows(NamedTuple):
    """Messages, and of each its Kafka timestamp in ms and the framed value that lands."""

    messages: list[Message]
    timestamps: list[int]
    values: list[bytes]

    def part(self, start: int, end: int) -> Rows:
        """The rows from ``start`` on, before ``end``."""
        return Rows(self.messages[start:end], self.timestamps[start:end], self.values[start:end])


class Container:
    """Builds containers of one record schema with the lineage columns and the seal appended."""

    def __init__(self, schema: dict[str, Any]) -> None:
        appended = ({"name": name, "type": kind} for name, kind, _ in (*LINEAGE, SEAL))
        text = json.dumps(dict(schema, fields=[_FRAME, *schema["fields"], *appended])).encode()
        meta = {b"avro.schema": text, b"avro.codec": b"null"}
        pairs = b"".join(encode_long(len(k)) + k + encode_long(len(v)) + v for k, v in meta.items())
        self._header = _MAGIC + encode_long(len(meta)) + pairs + b"\x00" + _SYNC

    def build(self, rows: Rows) -> bytes:
        """The container of the rows."""
        count = len(rows.values)
        partitions, offsets = map(Message.partition, rows.messages), map(Message.offset, rows.messages)
        places = np.array([list(partitions), list(offsets), rows.timestamps], dtype=np.int64)
        records = [b""] * (2 * count)
        records[::2] = rows.values
        records[1::2] = tails = slices(*cut([*map(longs, places), same(_SEALED, count)]))
        size = sum(map(len, rows.values)) + sum(map(len, tails))
        return b"".join((self._header, encode_long(count), encode_long(size), *records, _SYNC))
