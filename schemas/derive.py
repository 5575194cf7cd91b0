"""Avro schemas from record classes: the class is written once, its schema follows."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mesh.kernel.errors import ContractError
from mesh.kernel.event import AvroType, PersonalMark, Record

PRIMITIVES: dict[type, str] = {str: "string", int: "long", bool: "boolean", float: "double"}
PERSONAL = "personal"


def avro_schema(record: type[Record]) -> dict[str, Any]:
    """The Avro schema (as JSON) of a record class.

    Fields stand in the order of the class, those of its parents first. A named type (a nested record, a
    fixed) is written out where it is first used and referred to by its full name after that. ``T | None``
    becomes a union with null first and null as its default. A personal field is ``bytes`` and carries the
    property ``"classification": "personal"``. The first paragraph of the class docstring and the docstrings
    of the fields become ``doc``.

    Raises :class:`ContractError` for a field that Avro or the mesh's rules cannot express.
    """
    schema = _record(record, set())
    assert isinstance(schema, dict)
    return schema


def field_annotation(field: FieldInfo) -> Any:
    """The full annotation of a field: pydantic keeps the outermost ``Annotated`` apart as ``metadata``."""
    if field.metadata:
        return Annotated[(field.annotation, *field.metadata)]
    return field.annotation


def without_null(annotation: Any) -> tuple[Any, bool]:
    """``T`` and True for ``T | None``; the annotation itself and False for anything else."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    branches = [branch for branch in get_args(annotation) if branch is not types.NoneType]
    if len(branches) != 1:
        raise TypeError("a union of several types")
    return branches[0], True


def is_personal(annotation: Any) -> bool:
    """Whether a field with this annotation holds personal text."""
    plain, _ = without_null(annotation)
    return any(isinstance(mark, PersonalMark) for mark in getattr(plain, "__metadata__", ()))


def nested_record(annotation: Any) -> tuple[type[Record] | None, bool]:
    """The record class that a field holds (None: none), and whether it holds a list of them."""
    plain, _ = without_null(annotation)
    many = get_origin(plain) is list
    inner = get_args(plain)[0] if many else plain
    if isinstance(inner, type) and issubclass(inner, Record):
        return inner, many
    return None, many


def _record(record: type[Record], named: set[str]) -> dict[str, Any] | str:
    full_name = record.full_name()
    if full_name in named:
        return full_name
    named.add(full_name)
    namespace, _, name = full_name.rpartition(".")
    schema: dict[str, Any] = {"type": "record", "name": name, "namespace": namespace}
    if record.__doc__:
        schema["doc"] = _first_paragraph(record.__doc__)
    schema["fields"] = [_field(record, name, field, named) for name, field in record.model_fields.items()]
    return schema


def _field(record: type[Record], name: str, field: FieldInfo, named: set[str]) -> dict[str, Any]:
    annotation = field_annotation(field)
    try:
        plain, nullable = without_null(annotation)
        if nullable and get_origin(plain) is list:
            raise TypeError("a list that may be null")
        avro_type = _type(plain, named)
    except TypeError as problem:
        raise ContractError(
            "field-type",
            f"{problem} has no Avro type in the mesh",
            place=f"{record.__module__}.{record.__qualname__}.{name}",
            remedy="use a type of mesh.kernel.event",
        ) from None
    written: dict[str, Any] = {"name": name, "type": ["null", avro_type] if nullable else avro_type}
    if field.description:
        written["doc"] = " ".join(field.description.split())
    if nullable:
        written["default"] = None
    elif not field.is_required():
        written["default"] = _default(record, name, field, avro_type)
    if is_personal(annotation):
        written["classification"] = PERSONAL
    return written


def _type(annotation: Any, named: set[str]) -> Any:
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, AvroType):
            return _stated(mark.schema, named)
    if get_origin(annotation) is Annotated:  # only checks, such as Field(min_length=1)
        return _type(get_args(annotation)[0], named)
    if get_origin(annotation) is list:
        (items,) = get_args(annotation)
        return {"type": "array", "items": _type(items, named)}
    if annotation in PRIMITIVES:
        return PRIMITIVES[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return _record(annotation, named)
    raise TypeError(getattr(annotation, "__name__", str(annotation)))


def _stated(schema: str | dict[str, Any], named: set[str]) -> Any:
    if isinstance(schema, str):
        return schema
    if "name" in schema:
        full_name = f"{schema['namespace']}.{schema['name']}"
        if full_name in named:
            return full_name
        named.add(full_name)
    return dict(schema)


def _default(record: type[Record], name: str, field: FieldInfo, avro_type: Any) -> Any:
    value = field.get_default(call_default_factory=True, validated_data={})
    if avro_type in PRIMITIVES.values() or value == []:  # what JSON and Avro write alike
        return value
    raise ContractError(
        "field-default",
        f"the default {value!r} cannot be written in an Avro schema",
        place=f"{record.__module__}.{record.__qualname__}.{name}",
        remedy="give no default, or allow None",
    )


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.strip().split("\n\n")[0].split())
