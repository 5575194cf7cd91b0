"""ClickHouse columns of an Avro record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mesh.kernel.literal import text

_UNBOUNDED = (
    "_id",
    "_number",
    "account",
    "address",
    "name",
    "url",
    "email",
    "phone",
    "street",
    "sku",
    "currency",
)
"""Endings of text fields with about as many values as rows; a dictionary would only cost there."""

LINEAGE = (
    ("_partition", {"type": "int"}, "Int32"),
    ("_offset", {"type": "long"}, "Int64"),
    ("_published_at", {"type": "long", "logicalType": "timestamp-millis"}, "DateTime64(3, 'UTC')"),
)
"""Columns that the sink appends to every record: where it stood on its topic, and when it was published."""

SEAL = ("_seal", "long", "Int64")
"""The last column of a landing, and the same number in every row. Each of n records that the warehouse reads
must end in one of n seals, so none of them ends elsewhere than its own bytes do."""
SEALED = 6816953110412484211
"""Any number whose nine bytes do not come about by chance."""


_DICTIONARY = re.compile(r"LowCardinality\(((?:Nullable\()?String\)?)\)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, ClickHouse type and comment."""

    name: str
    type: str
    comment: str

    @property
    def plain(self) -> str:
        """Its type without a dictionary, as a record brings it."""
        return _DICTIONARY.sub(r"\1", self.type)

    @property
    def ddl(self) -> str:
        """The column as CREATE TABLE and ADD COLUMN want it."""
        return f"`{self.name}` {self.type} COMMENT {text(self.comment)}"


def columns(schema: dict[str, Any]) -> list[Column]:
    """The columns of an Avro record schema, in its order."""
    return [
        Column(field["name"], column_type(field["name"], field["type"]), field.get("doc", ""))
        for field in schema["fields"]
    ]


def column_type(name: str, avro: Any) -> str:
    """The ClickHouse type of an Avro type; ``name`` tells whether text deserves a dictionary."""
    if isinstance(avro, list):
        return _nullable(column_type(name, next(branch for branch in avro if branch != "null")))
    if isinstance(avro, str):
        avro = {"type": avro}
    match avro:
        case {"logicalType": "decimal", "precision": precision, "scale": scale}:
            return f"Decimal({precision}, {scale})"
        case {"logicalType": "timestamp-micros"}:
            return "DateTime64(6, 'UTC')"
        case {"logicalType": "date"}:
            return "Date32"
        case {"type": "fixed", "size": 32}:
            return "UInt256"
        case {"type": "array", "items": {"fields": fields}}:
            inner = ", ".join(f"{f['name']} {column_type(f['name'], f['type'])}" for f in fields)
            return f"Array(Tuple({inner}))"
        case {"type": "boolean"}:
            return "UInt8" if name == "is_deleted" else "Bool"
        case {"type": "string"}:
            return "String" if name.endswith(_UNBOUNDED) else "LowCardinality(String)"
        case {"type": plain}:
            return {"int": "Int32", "long": "Int64", "double": "Float64", "bytes": "String"}[plain]
    raise ValueError(f"{name}: no ClickHouse type for {avro!r}")


def _nullable(inner: str) -> str:
    if inner.startswith("LowCardinality("):
        return f"LowCardinality(Nullable({inner.removeprefix('LowCardinality(')[:-1]}))"
    return f"Nullable({inner})"
