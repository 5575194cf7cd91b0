"""The fields of a record as a reader meets them: type, meaning, classification, mask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mesh.kernel.contract import FieldPromise, Port
from schemas.derive import avro_schema

_PLAIN = {"long": "integer", "int": "integer", "double": "number", "bytes": "text", "string": "text"}


@dataclass(frozen=True)
class Field:
    """One field, nested ones by their dotted path."""

    name: str
    type: str
    """In words: text, integer, decimal(18, 4), timestamp, day, list, record, …"""
    optional: bool
    """Whether it may be null."""
    meaning: str
    classification: str
    mask: str | None
    """How it is shown to those who may not see it in clear."""
    subject: str | None
    """The field that names the person whose text it is."""


def fields(port: Port) -> list[Field]:
    """Every field of a port's records, in their order."""
    return list(_fields(avro_schema(port.record), "", port))


def _fields(schema: dict[str, Any], prefix: str, port: Port) -> Iterator[Field]:
    for field in schema["fields"]:
        path, avro = prefix + field["name"], field["type"]
        optional = isinstance(avro, list)
        plain = next(branch for branch in avro if branch != "null") if optional else avro
        promise = port.promises.get(path, FieldPromise())
        yield Field(
            path,
            _type(plain),
            optional,
            " ".join(field.get("doc", "").split()),
            promise.classification,
            promise.mask,
            promise.subject,
        )
        inner = plain.get("items", plain) if isinstance(plain, dict) else plain
        if isinstance(inner, dict) and inner.get("type") == "record":
            yield from _fields(inner, f"{path}.", port)


def _type(avro: Any) -> str:
    if isinstance(avro, str):
        return _PLAIN.get(avro, avro)
    match avro:
        case {"logicalType": "decimal", "precision": precision, "scale": scale}:
            return f"decimal({precision}, {scale})"
        case {"logicalType": "date"}:
            return "day"
        case {"logicalType": str()}:
            return "timestamp"
        case {"type": "array"}:
            return "list"
        case {"type": "fixed", "size": size}:
            return f"number of {8 * size} bits"
        case _:
            return str(avro["type"])
