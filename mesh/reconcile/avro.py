"""Plain columns from Avro records: money and moments as whole numbers, so that every comparison is exact.

==================  =============================================================
decimal             Int64, units of the last place (1/10,000 for money)
timestamp-micros    Int64, microseconds since 1970-01-01 UTC
date                Int32, days since 1970-01-01
personal bytes      Binary
everything else     as it is
==================  =============================================================
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import polars as pl
from fastavro import parse_schema, schemaless_reader
from fastavro.read import SchemaResolutionError

FRAME = 5
"""Bytes before the body: 0 and the schema's id."""

_MAX_DECIMAL_BYTES = 8

_PLAIN: dict[str, Any] = {
    "string": pl.String,
    "long": pl.Int64,
    "int": pl.Int32,
    "boolean": pl.Boolean,
    "double": pl.Float64,
    "bytes": pl.Binary,
}


class Reader:
    """Decodes framed values that ``writer`` wrote into dictionaries of plain values of ``schema``."""

    def __init__(self, writer: dict[str, Any], schema: dict[str, Any]) -> None:
        bare, wanted = _without_logic(writer), _without_logic(schema)
        self._writer = parse_schema(bare)
        self._reader = None if bare == wanted else parse_schema(wanted)
        self._decimals = _decimals(schema)
        self._items = {
            field["name"]: _decimals(field["type"]["items"])
            for field in schema["fields"]
            if is_array(field["type"])
        }

    def read(self, value: bytes) -> dict[str, Any]:
        """The fields of a framed value. Raises :class:`ValueError` unless its body decodes to its length."""
        body = BytesIO(value)
        body.seek(FRAME)
        try:
            row: dict[str, Any] = schemaless_reader(body, self._writer, self._reader)
        except (EOFError, IndexError, KeyError, TypeError, OverflowError, SchemaResolutionError) as error:
            raise ValueError(str(error)) from None
        if body.tell() != len(value):
            raise ValueError("bytes after the last field")
        _unscale(row, self._decimals)
        for name, decimals in self._items.items():
            for item in row[name]:
                _unscale(item, decimals)
        return row


def column_types(schema: dict[str, Any]) -> dict[str, Any]:
    """The Polars type of every field."""
    return {field["name"]: _polars(field["type"]) for field in schema["fields"]}


def inner(avro: Any) -> Any:
    """A field's type without its null, as a dictionary."""
    if isinstance(avro, list):
        avro = next(branch for branch in avro if branch != "null")
    return {"type": avro} if isinstance(avro, str) else avro


def is_array(avro: Any) -> bool:
    """Whether a field is a list of records."""
    return bool(inner(avro)["type"] == "array")


def _polars(avro: Any) -> Any:
    avro = inner(avro)
    if avro.get("logicalType") == "decimal":
        return pl.Int64
    if avro["type"] == "array":
        return pl.List(pl.Struct(column_types(avro["items"])))
    return _PLAIN[avro["type"]]


def _decimals(schema: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f["name"] for f in schema["fields"] if inner(f["type"]).get("logicalType") == "decimal")


def _unscale(row: dict[str, Any], decimals: tuple[str, ...]) -> None:
    for name in decimals:
        raw = row[name]
        if raw is not None:
            if len(raw) > _MAX_DECIMAL_BYTES:
                raise ValueError(f"{name} has more than 18 digits")
            row[name] = int.from_bytes(raw, "big", signed=True)


def _without_logic(avro: Any) -> Any:
    if isinstance(avro, list):
        return [_without_logic(branch) for branch in avro]
    if isinstance(avro, dict):
        return {
            key: _without_logic(value) for key, value in avro.items() if key not in ("logicalType", "doc")
        }
    return avro
