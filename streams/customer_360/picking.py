"""Picking a few fields out of a wide record.

Where there is a kernel, its recogniser cuts fields out that are not nested. What that leaves, which is all
that holds a text beyond ASCII, goes to one regular expression over the bytes: like the patterns of
:mod:`streams.engine.avro.walk`, but it captures, also fields of nested records, and does not look into texts,
since it reads rows that this project has written, whose texts were checked before. It knows texts of less
than 128 bytes and decimals of at most eight; whatever it does not match goes to the
:class:`~streams.customer_360.reading.Reader`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from schemas.wire import HEADER_SIZE
from streams.customer_360.reading import Reader
from streams.engine.avro.recognise import ItemsRecogniser, items_recogniser
from streams.engine.avro.varint import encode_long, raw
from streams.engine.avro.walk import Walker
from streams.engine.kernel import KERNEL

Picked = tuple[Any, ...]
"""The Avro bytes of each field picked; None where the record that holds it is null."""

Pick = Callable[[bytes], Picked]

_TEXT_BYTES = 128
_DECIMAL_BYTES = 9
_ONE_ITEM, _END = b"\x02", b"\x00"
"""What makes an array of one record."""
_LONG = rb"[\x80-\xff]{0,9}[\x00-\x7f]"


class Picker:
    """Picks fields by dotted path, in the order of the record; ``a..b`` is the run of fields from a to b."""

    def __init__(self, reader: Reader, fields: Iterable[str]) -> None:
        self._reader = reader
        self._fields = tuple(fields)
        pattern = _Pattern(self._fields)
        self._pattern = re.escape(reader.codec.header) + pattern.record(reader.codec.schema, "")
        if pattern.found != list(self._fields):
            raise ValueError(f"picked in the order of the record: {pattern.found}")
        self._walkers: dict[str, Walker] = {}
        self._header = reader.codec.header
        self._recognise: ItemsRecogniser | None = None
        if KERNEL is not None and not any("." in field for field in self._fields):
            self._recognise = items_recogniser(Walker(reader.codec.schema).schema, self._fields)

    @cached_property
    def _match(self) -> Callable[[bytes], re.Match[bytes] | None]:
        return re.compile(self._pattern, re.DOTALL).fullmatch  # slow to compile; the kernel may need none

    def pick(self, value: bytes) -> Picked:
        """The fields' bytes. Raises :class:`UndecodableError` for a record that cannot be read."""
        if self._recognise is not None and value.startswith(self._header):
            array = b"".join((_ONE_ITEM, value[HEADER_SIZE:], _END))
            found = self._recognise(array, 0)
            if found is not None and found[1] == len(array):
                return found[0][0][1:]
        match = self._match(value)
        return match.groups() if match is not None else self._slowly(value)

    def _slowly(self, value: bytes) -> Picked:
        value = self._reader.read(value).value
        return tuple(
            self._field(value, HEADER_SIZE, self._reader.codec.schema, "", path) for path in self._fields
        )

    def _field(self, value: bytes, start: int, schema: dict[str, Any], at: str, path: str) -> bytes | None:
        """The bytes of the field at ``path`` below the record at ``at``, which starts at ``start``."""
        walker = self._walkers.get(at) or self._walkers.setdefault(at, Walker(schema))
        offsets = walker.walk(value, start)
        if ".." in path:
            first, _, last = path.rpartition("..")
            head, _, rest = first.partition(".")
        else:
            head, _, rest = path.partition(".")
            last = head
        place = walker.position[head]
        if not rest:
            return value[offsets[place] : offsets[walker.position[last] + 1]]
        start = offsets[place]
        inner = schema["fields"][place]["type"]
        if isinstance(inner, list):
            branch, start = raw(value, start)
            inner = inner[branch >> 1]
            if inner == "null":
                return None
        return self._field(value, start, inner, f"{at}{head}.", path.partition(".")[2])


class _Pattern:
    """Builds the pattern of a schema; ``found`` are the fields that it captures, in order."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._single = set(fields)
        self._runs = {field.rpartition("..")[0]: field for field in fields if ".." in field}
        self.found: list[str] = []

    def record(self, schema: dict[str, Any], at: str) -> bytes:
        """All fields of a record, one after another."""
        parts, until = [], ""
        for field in schema["fields"]:
            path = at + field["name"]
            if path in self._runs:
                self.found.append(self._runs[path])
                until = self._runs[path].rpartition("..")[2]
                parts.append(b"(")
            if path in self._single:
                self.found.append(path)
                parts.append(b"(" + self.value(field["type"], path + ".") + b")")
            else:
                parts.append(self.value(field["type"], path + "."))
            if field["name"] == until:
                parts.append(b")")
                until = ""
        return b"".join(parts)

    def value(self, schema: Any, at: str) -> bytes:
        """What matches every value of a type that the short cut knows, and only in one way."""
        if isinstance(schema, list):
            branches = [b"\\x%02x" % (2 * place) + self.value(one, at) for place, one in enumerate(schema)]
            return b"(?>" + b"|".join(branches) + b")"
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            return self.record(schema, at)
        if kind in ("string", "bytes"):
            decimal = isinstance(schema, dict) and schema.get("logicalType") == "decimal"
            return _sized(_DECIMAL_BYTES if decimal else _TEXT_BYTES)
        if kind == "fixed":
            return b".{%d}" % schema["size"]
        return {"null": b"", "boolean": rb"[\x00\x01]", "int": _LONG, "long": _LONG, "double": b".{8}"}[kind]


def _sized(limit: int) -> bytes:
    """A length below ``limit`` and as many bytes. The first byte decides, so many branches cost little."""
    branches = [re.escape(encode_long(size)) + (b".{%d}" % size if size else b"") for size in range(limit)]
    return b"(?>" + b"|".join(branches) + b")"
