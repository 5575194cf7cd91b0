"""What a schema says about bytes: types without names, docs and defaults, so that two of them compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastavro import parse_schema

_DECIMAL = ("precision", "scale")
_KEPT = ("logicalType", *_DECIMAL, "size", "symbols")
_NOTHING: Mapping[str, Any] = {}


def parsed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A record schema as fastavro parses it: full names, and no type written out twice."""
    record: Any = parse_schema(dict(schema), named_schemas={}, _force=True)
    return dict(record)


def fields_of(schema: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Name and meaning of each field of a record schema that was parsed."""
    fields: list[tuple[str, Any]] = meaning(schema)["fields"]
    return fields


def meaning(kind: Any, named: Mapping[str, Any] = _NOTHING) -> Any:
    """A parsed type without what does not change its bytes.

    A primitive type is its name, a union a list, any other a dictionary; the fields of a record are pairs.
    ``named`` are the types that may be referred to by name. Within a recursive type its name stands for it.
    """
    return _Meaning(dict(named)).of(kind)


def plain(kind: Any) -> Any:
    """A type without its logical types: every decimal is bytes, every moment a number."""
    if isinstance(kind, list):
        return [plain(branch) for branch in kind]
    if isinstance(kind, dict):
        bare = {
            key: value if key == "default" else plain(value)
            for key, value in kind.items()
            if key != "logicalType" and not key.startswith("__")  # fastavro's notes on what it has parsed
        }
        return bare["type"] if "logicalType" in kind and set(bare) <= {"type", *_DECIMAL} else bare
    return kind


def bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A record schema parsed, without its logical types."""
    return parsed(plain(parsed(schema)))


class _Meaning:
    def __init__(self, named: dict[str, Any]) -> None:
        self._named = named
        self._open: list[str] = []

    def of(self, kind: Any) -> Any:
        if isinstance(kind, list):
            return [self.of(branch) for branch in kind]
        if isinstance(kind, str):
            return kind if kind not in self._named or kind in self._open else self.of(self._named[kind])
        inner = kind["type"]
        if isinstance(inner, (dict, list)):
            return self.of(inner)
        if "name" in kind:
            self._named[kind["name"]] = kind
        said = {key: kind[key] for key in _KEPT if key in kind}
        if inner in ("record", "error"):
            self._open.append(kind["name"])
            fields = [(field["name"], self.of(field["type"])) for field in kind["fields"]]
            self._open.pop()
            return {"type": "record", "fields": fields}
        if inner in ("array", "map"):
            part = "items" if inner == "array" else "values"
            return {"type": inner, part: self.of(kind[part])}
        if inner not in ("enum", "fixed") and not said:
            return self.of(inner)
        return {"type": inner, **said}
