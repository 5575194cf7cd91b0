"""Rewriting: a value of any writer as the expected writer would have written it, by decoding and encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any

from fastavro import schemaless_reader, schemaless_writer

from streams.engine.avro.frame import HEADER_SIZE, Schema
from streams.engine.avro.meaning import bare

Schemas = Callable[[int], Mapping[str, Any]]
"""Schema id -> schema. Raises :class:`LookupError` for an id that there is not."""


class UnreadableError(ValueError):
    """A value that can never be read; ``code`` is that of its dead letter."""

    code = "undecodable"


class UnknownSchemaError(UnreadableError):
    """A value whose writer's schema nobody knows."""

    code = "schema-unknown"


class Rewriter:
    """Reads values with their writer's schema and writes them with the expected one.

    Logical types are left out of it: a decimal stays the bytes, and a moment the number, that they were. It
    costs twenty times what walking costs; ``rewritten`` counts.
    """

    def __init__(self, schema: Schema, schemas: Schemas | None = None) -> None:
        self._schema = _with_defaults(bare(schema.record))
        self._header = schema.header
        self._schemas = schemas
        self._writers: dict[int, dict[str, Any]] = {schema.id: self._schema}
        self.rewritten = 0

    def rewrite(self, value: bytes) -> bytes:
        """The value in the expected schema. Raises :class:`UnreadableError`."""
        self.rewritten += 1
        if len(value) < HEADER_SIZE or value[0]:
            raise UnreadableError("the value has no frame")
        writer = self._writer(int.from_bytes(value[1:HEADER_SIZE], "big"))
        body, rewritten = BytesIO(value), BytesIO()
        body.seek(HEADER_SIZE)
        rewritten.write(self._header)
        try:
            read: Any = schemaless_reader(body, writer, None if writer is self._schema else self._schema)
            if body.tell() != len(value):
                raise UnreadableError(f"{len(value) - body.tell()} bytes after the last field")
            schemaless_writer(rewritten, self._schema, read)
        except UnreadableError:
            raise
        except Exception as problem:  # noqa: BLE001  # fastavro raises whatever it stumbles over
            raise UnreadableError(f"no value of its schema ({type(problem).__name__})") from None
        return rewritten.getvalue()

    def _writer(self, schema_id: int) -> dict[str, Any]:
        writer = self._writers.get(schema_id)
        if writer is None:
            try:
                if self._schemas is None:
                    raise LookupError
                found = self._schemas(schema_id)
            except LookupError:
                raise UnknownSchemaError(f"nobody knows schema {schema_id}") from None
            writer = self._writers[schema_id] = bare(found)
        return writer


def _with_defaults(record: dict[str, Any]) -> dict[str, Any]:
    """The schema with bytes as defaults of bytes: fastavro would hand on the text that JSON has for them."""
    for field in _fields(record):
        kind = field["type"][0] if isinstance(field["type"], list) else field["type"]
        name = kind["type"] if isinstance(kind, dict) else kind
        if name in ("bytes", "fixed") and isinstance(field.get("default"), str):
            field["default"] = field["default"].encode("latin-1")
    return record


def _fields(kind: Any) -> Iterator[dict[str, Any]]:
    """All fields of the records in a type, at any depth; a type that is named again has had its turn."""
    if isinstance(kind, list):
        for branch in kind:
            yield from _fields(branch)
    elif isinstance(kind, dict):
        for field in kind.get("fields", ()):
            yield field
            yield from _fields(field["type"])
        for inner in ("type", "items", "values"):
            yield from _fields(kind.get(inner))
