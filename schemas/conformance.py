"""What is wrong with a record on a topic: the check for publishers in other languages.

It reads a record as any consumer of the mesh does and states every rule of the wire that it breaks. The rules
are written out in ``portal/docs/how-to/publish-from-another-language.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from mesh.kernel.contract import Port
from mesh.kernel.quality import Check, compile_rules
from schemas.codec import Codec, Codecs, SchemaSource
from schemas.wire import SchemaUnknownError, UndecodableError, partition, schema_id

AHEAD_SECONDS = 86_400
"""How far the time of a fact may lie after Kafka's timestamp."""


NO_ID = 0xFFFFFFFF


def check_record(
    port: Port,
    key: bytes | None,
    value: bytes | None,
    record_partition: int,
    *,
    timestamp_ms: int | None = None,
    schemas: SchemaSource | None = None,
) -> list[str]:
    """Every rule that a record breaks, each as one line with its remedy; empty when it conforms.

    ``record_partition`` is where it was found, ``timestamp_ms`` Kafka's timestamp (None: not checked).
    ``schemas`` is the registry that must know its schema id; without it the body is read by the schema of
    ``port`` whatever its id. No line holds a value of a personal field.
    """
    if value is None:
        return ["the value is empty: a fact is superseded by a higher seq, never deleted"]
    try:
        values = _decode(port, value, schemas)
    except UndecodableError as problem:
        return [f"{problem}: {_remedy(port, problem)}"]
    return [
        *_of_key(port, key, values),
        *_of_partition(port, values, record_partition),
        *_of_class(port, values),
        *(f"{broken.field}: not so: {broken.rule}; {broken.remedy}" for broken in _rules(port)(values)),
        *_of_time(port, values, timestamp_ms),
    ]


def _decode(port: Port, value: bytes, schemas: SchemaSource | None) -> dict[str, Any]:
    if schemas is None:
        return Codec.of_port(port, schema_id(value)).decode(value)
    # No record bears this id, so the registry is always asked for the writer's schema.
    return Codecs(schemas).decode(Codec.of_port(port, NO_ID), value)


def _remedy(port: Port, problem: UndecodableError) -> str:
    if isinstance(problem, SchemaUnknownError):
        return f"write with a schema of the subject {port.subject}, and its id"
    return "frame the value as byte 0, schema id in 4 bytes (big-endian), Avro body by that schema"


def _of_key(port: Port, key: bytes | None, values: Mapping[str, Any]) -> Iterator[str]:
    expected = port.key_of(values).encode()
    if key is None:
        yield f"the key is missing: send {port.key} as UTF-8 text"
    elif key != expected:
        yield f"the key is {_shown(key)}, not {_shown(expected)}: send {port.key} as UTF-8 text, without Avro"


def _of_partition(port: Port, values: Mapping[str, Any], found: int) -> Iterator[str]:
    if port.partition_by is None:
        expected, rule = 0, "this topic has one partition"
    else:
        expected = partition(str(values[port.partition_by]).encode(), port.partitions)
        rule = (
            f"murmur2({port.partition_by}) mod {port.partitions}, as librdkafka's murmur2_random computes it"
        )
    if found != expected:
        yield f"the partition is {found}, not {expected}: {rule}"


def _of_class(port: Port, values: dict[str, Any]) -> Iterator[str]:
    try:
        port.record.model_validate(values)
    except ValidationError as problem:
        for error in problem.errors(include_input=False, include_context=False, include_url=False):
            yield f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"


def _of_time(port: Port, values: Mapping[str, Any], timestamp_ms: int | None) -> Iterator[str]:
    """The facts that move the mesh's clock must not lie ahead of it."""
    occurred_at = values.get("occurred_at")
    moves_clock = port.domain == "sales" and port.partition_by == "account"
    if timestamp_ms is None or occurred_at is None or not moves_clock:
        return
    if occurred_at.timestamp() > timestamp_ms / 1000 + AHEAD_SECONDS:
        yield "occurred_at is more than a day after Kafka's timestamp, which is the time of publishing"


@cache
def _rules(port: Port) -> Check:
    return compile_rules(port)


def _shown(key: bytes) -> str:
    """A key for people; what is not text shows as escapes."""
    return repr(key.decode(errors="backslashreplace"))
