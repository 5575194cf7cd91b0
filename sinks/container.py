"""Zero-decode landing: an Avro object container built from raw record values.

A container is a header with the schema, then blocks of count, size, concatenated bodies and a sync mark
(Apache Avro 1.12 specification, "Object Container Files"). A record is the concatenation of its fields,
without framing. So a record's value is a row as it stands: its Confluent frame is a first field of five
bytes, which the warehouse skips, and the lineage columns and the seal are appended as their encoded bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schemas.column import cut, longs, same, slices
from schemas.wire import HEADER_SIZE
from sinks.block import Run
from sinks.clickhouse.columns import LINEAGE, SEAL, SEALED
from sinks.kernel import ROWS
from streams.engine.avro.varint import encode_long

_MAGIC = b"Obj\x01"
_SYNC = b"retail-data-mesh"  # any 16 bytes: a container is written and read in one request
_SEALED = encode_long(SEALED)
_FRAME = {"name": "_frame", "type": {"type": "fixed", "name": "Frame", "size": HEADER_SIZE}}

assert len(_SYNC) == 16


class Container:
    """Builds containers of one record schema with the lineage columns and the seal appended."""

    def __init__(self, schema: dict[str, Any]) -> None:
        appended = ({"name": name, "type": kind} for name, kind, _ in (*LINEAGE, SEAL))
        text = json.dumps(dict(schema, fields=[_FRAME, *schema["fields"], *appended])).encode()
        meta = {b"avro.schema": text, b"avro.codec": b"null"}
        pairs = b"".join(encode_long(len(k)) + k + encode_long(len(v)) + v for k, v in meta.items())
        self._header = _MAGIC + encode_long(len(meta)) + pairs + b"\x00" + _SYNC

    def build(self, runs: Sequence[Run]) -> bytes:
        """The container of the records, each with its partition, its offset and its Kafka timestamp."""
        return built(self._header, runs, _SEALED, _SYNC)


def python_container(header: bytes, runs: Sequence[Run], seal: bytes, sync: bytes) -> bytes:
    """The header, and one block of the values of all runs, each with its place and the seal behind it."""
    records = [record for _, run in runs for record in run]
    count = len(records)
    partitions = [number for number, run in runs for _ in run]
    offsets, moments = [record[0] for record in records], [record[1] for record in records]
    places = np.array([partitions, offsets, moments], dtype=np.int64)
    rows = [b""] * (2 * count)
    rows[::2] = values = [record[3] or b"" for record in records]
    rows[1::2] = tails = slices(*cut([*map(longs, places), same(seal, count)]))
    size = sum(map(len, values)) + sum(map(len, tails))
    return b"".join((header, encode_long(count), encode_long(size), *rows, sync))


built: Callable[[bytes, Sequence[Run], bytes, bytes], bytes] = (
    python_container if ROWS is None else ROWS.container
)
