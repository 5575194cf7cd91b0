"""Writes and compiles the functions of :mod:`streams.engine.avro.walk`.

The generated code has one variable for the position (``i``) and steps over the value (``v``) field by field.
Read what it looks like with :func:`record_source`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from streams.engine.avro.varint import raw, raw_minimal
from streams.engine.avro.walk_pattern import MINIMAL, NUMBERS, SINGLE_BYTE, SIZES, most_bytes

_PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
_VARINT = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]").match
_MINIMAL = {kind: re.compile(pattern).match for kind, pattern in MINIMAL.items()}


class UnwalkableError(ValueError):
    """The bytes are not a value of the schema, or (for a canonical walker) not one of the common form."""


def compile_record(schema: dict[str, Any], marked: Collection[str], *, canonical: bool) -> Callable[..., Any]:
    """The walk function of a record schema that fastavro has parsed.

    It returns where each of the ``marked`` fields begins, and where the last field ends.
    """
    writer = _Writer(canonical)
    return _compiled(writer.record(schema, marked), writer.names, schema["name"])


def compile_items(
    record: dict[str, Any], array: dict[str, Any], sliced: Collection[str], *, canonical: bool
) -> Callable[..., Any]:
    """The walk function of an array of records: each item's bytes and its ``sliced`` fields; and the end.

    ``record`` is the schema that it stands in, which may have named its types.
    """
    writer = _Writer(canonical)
    writer.register(record)
    return _compiled(writer.items(array, sliced), writer.names, "items")


def record_source(schema: dict[str, Any], marked: Collection[str], *, canonical: bool) -> str:
    """The text of the function that :func:`compile_record` compiles."""
    return _Writer(canonical).record(schema, marked)


def _compiled(text: str, names: dict[str, Any], name: str) -> Callable[..., Any]:
    namespace = dict(names)
    exec(compile(text, f"<walk {name}>", "exec"), namespace)  # noqa: S102 - our own text
    walk: Callable[..., Any] = namespace["walk"]
    return walk


def _decimal(value: bytes, start: int, end: int, most: int) -> None:
    number = int.from_bytes(value[start:end], "big", signed=True)
    if end - start > most or end - start != (number.bit_length() + 8) >> 3:
        raise UnwalkableError("a decimal of unusual length")


class _Writer:
    """Collects the lines of one module: the function ``walk``, and one function for each recursive record."""

    def __init__(self, canonical: bool) -> None:
        self.canonical = canonical
        self.names: dict[str, Any] = {
            "UnwalkableError": UnwalkableError,
            "wide": raw_minimal if canonical else raw,
            "decimal": _decimal,
        }
        self._functions: dict[str, list[str]] = {}
        self._records: dict[str, dict[str, Any]] = {}
        self._open: list[str] = []
        self._lines: list[str] = []
        self._depth = 0
        self._loops = 0

    # -- text

    def _put(self, *lines: str) -> None:
        self._lines.extend("    " * self._depth + line for line in lines)

    def _block(self, head: str) -> _Indent:
        self._put(head)
        return _Indent(self)

    def record(self, schema: dict[str, Any], marked: Collection[str]) -> str:
        """The module that walks a record."""
        self.register(schema)
        self._open = [schema["name"]]
        with self._block("def walk(v, i):"), self._block("try:"):
            for place, field in enumerate(schema["fields"]):
                if field["name"] in marked:
                    self._put(f"f{place} = i  # {field['name']}")
                self._value(field["type"])
            starts = [
                f"f{place}, " for place, field in enumerate(schema["fields"]) if field["name"] in marked
            ]
            self._end(f"return ({''.join(starts)}i,)")
        return self._module()

    def items(self, array: dict[str, Any], sliced: Collection[str]) -> str:
        """The module that walks an array of records."""
        self.register(array)
        item = self._records[array["items"]] if isinstance(array["items"], str) else array["items"]
        self._open = [item["name"]]
        with self._block("def walk(v, i):"), self._block("try:"):
            self._put("found = []")
            with self._blocks():
                self._put("s = i")
                slices = ["v[s:i]"]
                for place, field in enumerate(item["fields"]):
                    if field["name"] in sliced:
                        self._put(f"f{place} = i  # {field['name']}")
                    self._value(field["type"])
                    if field["name"] in sliced:
                        self._put(f"g{place} = i")
                        slices.append(f"v[f{place}:g{place}]")
                self._put(f"found.append(({', '.join(slices)},))")
            self._end("return found, i")
        return self._module()

    def _end(self, result: str) -> None:
        self._put("if i > len(v):", "    raise UnwalkableError('the value ends too soon')", result)
        self._depth -= 1
        self._put("except IndexError:", "    raise UnwalkableError('the value ends too soon') from None")
        self._depth += 1

    def _module(self) -> str:
        """The function, and one more for each recursive record that it steps into."""
        while pending := [name for name, body in self._functions.items() if not body]:
            for name in pending:
                self._function(name)
        return "\n".join([*self._lines, *(line for body in self._functions.values() for line in body)]) + "\n"

    def _function(self, name: str) -> None:
        outer, self._lines = self._lines, []
        self._open = [name]
        with self._block(f"def {_identifier(name)}(v, i):"):
            # What a recursive record holds could be any number of levels deep, or none of the bytes at all.
            self._put("if i > len(v):", "    raise UnwalkableError('the value ends too soon')")
            for field in self._records[name]["fields"]:
                self._value(field["type"])
            self._put("return i")
        self._functions[name], self._lines = self._lines, outer

    # -- values

    def register(self, schema: Any) -> None:
        """Learn the types that have names."""
        if isinstance(schema, list):
            for branch in schema:
                self.register(branch)
        elif isinstance(schema, dict):
            if "name" in schema:
                self._records[schema["name"]] = schema
            for field in schema.get("fields", ()):
                self.register(field["type"])
            for inner in ("items", "values"):
                if inner in schema:
                    self.register(schema[inner])
            if isinstance(schema["type"], (dict, list)):
                self.register(schema["type"])

    def _value(self, schema: Any) -> None:
        if isinstance(schema, list):
            self._union(schema)
            return
        if isinstance(schema, str):
            schema = {"type": schema} if schema in _PRIMITIVES else self._records[schema]
        kind, logical = schema["type"], schema.get("logicalType")
        if isinstance(kind, (dict, list)):
            self._value(kind)
        elif self.canonical and logical is not None and not _common(kind, logical):
            self._put(f"raise UnwalkableError('a {logical} is never of the common form')")
        elif kind in ("record", "error"):
            self._record(schema)
        elif kind == "null":
            self._put("pass")
        elif kind == "boolean":
            self._put("if v[i] > 1:", "    raise UnwalkableError('a boolean is neither 0 nor 1')", "i += 1")
        elif kind in ("int", "long"):
            self._number(logical if logical in NUMBERS else kind)
        elif kind in ("float", "double"):
            if self.canonical and kind == "float":
                self._put(
                    "if v[i + 3] & 127 == 127 and v[i + 2] & 192 == 128 and v[i : i + 3] != b'\\0\\0\\x80':"
                )
                self._put("    raise UnwalkableError('a float that reading would change')")
            self._put(f"i += {SIZES[kind]}")
        elif kind == "fixed":
            self._put(f"i += {schema['size']}")
        elif kind == "enum":
            self._index("n", len(schema["symbols"]), "an enum")
        elif kind in ("bytes", "string"):
            self._text(kind, schema)
        else:
            {"array": self._array, "map": self._map}[kind](schema)

    def _number(self, kind: str) -> None:
        match = f"number_{kind.replace('-', '_')}" if self.canonical else "number"
        self.names[match] = _MINIMAL[kind] if self.canonical else _VARINT
        self._put(
            f"m = {match}(v, i)",
            "if m is None:",
            "    raise UnwalkableError('not a number of the common form')",
        )
        self._put("i = m.end()")

    def _length(self) -> None:
        """Afterwards ``n`` is twice the length and ``i`` behind it."""
        self._put("n = v[i]", "i += 1", "if n > 127:", "    n, i = wide(v, i - 1)")
        self._put("if n & 1:", "    raise UnwalkableError('a negative length')")

    def _text(self, kind: str, schema: dict[str, Any]) -> None:
        self._length()
        if self.canonical and schema.get("logicalType") == "decimal":
            self._put(f"decimal(v, i, i + (n >> 1), {most_bytes(schema['precision'])})")
        if kind == "string":
            self._put("j = i + (n >> 1)", "if not v[i:j].isascii():", "    v[i:j].decode()", "i = j")
        else:
            self._put("i += n >> 1")

    def _index(self, variable: str, count: int, what: str) -> None:
        self._put(f"{variable} = v[i]", "i += 1")
        if not self.canonical or count > SINGLE_BYTE:
            self._put(f"if {variable} > 127:", f"    {variable}, i = wide(v, i - 1)")
        self._put(f"if {variable} & 1 or {variable} >= {2 * count}:")
        self._put(f"    raise UnwalkableError('{what} has no such branch')")

    def _union(self, branches: list[Any]) -> None:
        variable = self._fresh("b")
        self._index(variable, len(branches), "a union")
        for number, branch in enumerate(branches):
            if branch != "null":
                with self._block(f"if {variable} == {2 * number}:"):
                    self._value(branch)

    def _record(self, schema: dict[str, Any]) -> None:
        name = schema["name"]
        if name in self._open or name in self._functions:
            self._functions.setdefault(name, [])
            self._put(f"i = {_identifier(name)}(v, i)")
            return
        if not schema["fields"]:
            self._put("pass")
        self._open.append(name)
        for field in schema["fields"]:
            self._value(field["type"])
        self._open.pop()

    def _array(self, schema: dict[str, Any]) -> None:
        with self._blocks():
            self._value(schema["items"])

    def _map(self, schema: dict[str, Any]) -> None:
        with self._blocks(most=1):
            self._value("string")
            self._value(schema["values"])

    def _blocks(self, most: int | None = None) -> _Indent:
        """The loops over the blocks of an array or map and over the items of a block."""
        if self.canonical:
            count = self._fresh("c")
            self._put(f"{count} = v[i]", "i += 1", f"if {count} > 127:", f"    {count}, i = wide(v, i - 1)")
            limit = "len(v)" if most is None else str(most)
            self._put(
                f"if {count} & 1 or {count} >> 1 > {limit}:", "    raise UnwalkableError('an unusual block')"
            )
            loop = self._block(f"for _ in range({count} >> 1):")
            # A block that is not empty is followed by an empty one; an empty one ends the array itself.
            loop.after = [
                f"if {count}:",
                "    if v[i]:",
                "        raise UnwalkableError('several blocks')",
                "    i += 1",
            ]
            return loop
        count, stop = self._fresh("c"), self._fresh("s")
        outer = self._block("while True:")
        self._put(f"{count}, i = wide(v, i)", f"if not {count}:", "    break", f"{stop} = -1")
        self._put(f"if {count} & 1:", f"    {stop}, i = wide(v, i)", f"    {stop} = i + ({stop} >> 1)")
        self._put(f"    {count} += 1")
        self._put(f"if {count} >> 1 > len(v):", "    raise UnwalkableError('more items than bytes')")
        loop = self._block(f"for _ in range({count} >> 1):")
        loop.after = [
            f"if {stop} >= 0 and {stop} != i:",
            "    raise UnwalkableError('a block of another size')",
        ]
        loop.outer = outer
        return loop

    def _fresh(self, letter: str) -> str:
        self._loops += 1
        return f"{letter}{self._loops}"


class _Indent:
    """A block of generated code: deeper by one while it is open."""

    def __init__(self, writer: _Writer) -> None:
        self._writer = writer
        self.after: list[str] = []
        self.outer: _Indent | None = None
        writer._depth += 1

    def __enter__(self) -> None:
        """The block is open from its making on."""

    def __exit__(self, *_: object) -> None:
        self._writer._depth -= 1
        self._writer._put(*self.after)
        if self.outer is not None:
            self.outer.__exit__()


def _common(kind: Any, logical: str) -> bool:
    return (kind, logical) == ("bytes", "decimal") or NUMBERS.get(logical) == kind


def _identifier(name: str) -> str:
    return "record_" + re.sub(r"\W", "_", name)
