"""The offline gate: whether a schema is compatible with every published one, both ways (FULL_TRANSITIVE).

Avro's own checker decides whether readers and writers of two schemas understand each other. It knows nothing
of logical types, of promotions that change the meaning of bytes, and of renames that resolve to silent loss.
The rules here cover these, and name the field; what they leave over, Avro's checker finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.schema import parse

from mesh.kernel.errors import ContractError


class Conflict(NamedTuple):
    """Why two schemas are not compatible."""

    field: str
    """Dotted path of the field; empty for the record itself."""
    rule: str
    """The rule that is broken, as a sentence about the field."""
    remedy: str


def require_compatible(schema: dict[str, Any], published: Mapping[int, dict[str, Any]]) -> None:
    """Raise :class:`ContractError` ``schema-incompatible`` at the first conflict with a published version."""
    for version, known in published.items():
        for conflict in conflicts(known, schema):
            name = f"{schema['namespace']}.{schema['name']}"
            raise ContractError(
                "schema-incompatible",
                f"{conflict.rule} (against version {version})",
                place=f"{name}.{conflict.field}" if conflict.field else name,
                remedy=conflict.remedy,
            )


def conflicts(old: dict[str, Any], new: dict[str, Any]) -> list[Conflict]:
    """Everything in which ``new`` is not fully compatible with ``old``; empty when it is."""
    found = list(_record("", _Side(old), _Side(new)))
    return found or list(_by_avro(old, new))


class _Side:
    """A type within a schema, with the named types of the schema that it belongs to."""

    def __init__(self, schema: Any, named: dict[str, Any] | None = None) -> None:
        self.named: dict[str, Any] = {} if named is None else named
        if isinstance(schema, str) and schema in self.named:
            schema = self.named[schema]
        self.schema = schema
        if isinstance(schema, dict) and "name" in schema:
            self.named[_full_name(schema)] = schema

    def within(self, schema: Any) -> _Side:
        return _Side(schema, self.named)

    @property
    def nullable(self) -> bool:
        return isinstance(self.schema, list)

    @property
    def plain(self) -> _Side:
        """The type without null."""
        if not isinstance(self.schema, list):
            return self
        return self.within(next(branch for branch in self.schema if branch != "null"))

    @property
    def kind(self) -> str:
        return str(self.schema["type"]) if isinstance(self.schema, dict) else str(self.schema)

    def property(self, name: str) -> Any:
        return self.schema.get(name) if isinstance(self.schema, dict) else None


def _record(path: str, old: _Side, new: _Side) -> Iterator[Conflict]:
    if _full_name(old.schema) != _full_name(new.schema):
        yield Conflict(
            path.rstrip("."),
            f"is renamed from {_full_name(old.schema)} to {_full_name(new.schema)}",
            "keep the name of the record class",
        )
        return
    olds = {field["name"]: field for field in old.schema["fields"]}
    news = {field["name"]: field for field in new.schema["fields"]}
    for name, field in olds.items():  # in this order a named type is met where it is written out
        before = old.within(field["type"])
        if name in news:
            yield from _field(path + name, field, news[name], before, new.within(news[name]["type"]))
        elif "default" not in field:
            yield Conflict(
                path + name,
                "is removed, and older readers have no default for it",
                "keep the field; one that had a default may go",
            )
    for name, field in news.items():
        if name in olds:
            continue
        new.within(field["type"])
        if "default" not in field:
            yield Conflict(
                path + name,
                "is added without a default, so older records cannot be read",
                "allow None: `T | None = None`",
            )
    yield from _renamed(path, olds, news)


def _renamed(path: str, olds: dict[str, Any], news: dict[str, Any]) -> Iterator[Conflict]:
    """A field goes and one of its type comes in its place: Avro would lose the values silently."""
    places = {place: name for place, name in enumerate(news) if name not in olds}
    for place, name in enumerate(olds):
        twin = places.get(place)
        if name in news or twin is None or "default" not in olds[name] or "default" not in news[twin]:
            continue
        if olds[name]["type"] == news[twin]["type"]:
            yield Conflict(
                path + twin,
                f"takes the place of {name!r}, and readers would find null where its values were",
                f"keep {name!r}, or add {twin!r} at another place and remove {name!r} in a later version",
            )


def _field(
    path: str, old_field: dict[str, Any], new_field: dict[str, Any], old: _Side, new: _Side
) -> Iterator[Conflict]:
    if old.nullable != new.nullable:
        yield Conflict(
            path,
            "is null in some records only" if new.nullable else "can no longer be null",
            "keep it as it was, or add a new field",
        )
    if "default" in old_field and "default" not in new_field:
        yield Conflict(path, "loses its default", "keep the default")
    if old_field.get("classification") != new_field.get("classification"):
        yield Conflict(
            path,
            "changes its classification, and readers of the other version would misread its bytes",
            "add a new field, and stop filling this one",
        )
    else:
        yield from _type(path, old.plain, new.plain)


def _type(path: str, old: _Side, new: _Side) -> Iterator[Conflict]:
    if old.kind != new.kind:
        yield Conflict(path, f"changes its type from {old.kind} to {new.kind}", "add a new field")
        return
    for detail in ("logicalType", "precision", "scale", "size"):
        before, after = old.property(detail), new.property(detail)
        if before != after:
            yield Conflict(path, f"changes its {detail} from {before} to {after}", "add a new field")
            return
    if old.kind == "enum" and old.schema["symbols"] != new.schema["symbols"]:
        yield Conflict(path, "changes the symbols of its enum", "use a string, its values in the contract")
    elif old.kind == "array":
        yield from _type(path, old.within(old.schema["items"]), new.within(new.schema["items"]))
    elif old.kind == "record":
        yield from _record(f"{path}.", old, new)


def _by_avro(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Conflict]:
    """What Avro's checker finds beyond the rules above, in its own words."""
    try:
        schemas = parse(json.dumps(old)), parse(json.dumps(new))
    except AvroException as problem:
        yield Conflict("", f"is not an Avro schema: {problem}", "mend the record class")
        return
    for reader, writer in (schemas, schemas[::-1]):
        result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
        if result.compatibility is not SchemaCompatibilityType.compatible:
            yield Conflict("", "; ".join(sorted(result.messages)), "undo the change, or add a new field")


def _full_name(schema: dict[str, Any]) -> str:
    return f"{schema['namespace']}.{schema['name']}" if "namespace" in schema else str(schema["name"])
