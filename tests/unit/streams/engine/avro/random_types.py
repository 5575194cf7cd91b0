"""Random Avro types and their values, as fastavro writes them and in every other form that may be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from random import Random
from typing import Any

from fastavro import parse_schema, schemaless_writer
from hypothesis import assume
from hypothesis import strategies as st

from streams.engine.avro.varint import encode_long

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Typed = tuple[Any, st.SearchStrategy[Any]]
"""An Avro type, and its values."""

LONGS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, -1, 63, 64, -64, -65, 8191, 8192, 2**59, -(2**63)])
)
_INTS = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([2**31 - 1, -(2**31)]))
_TEXTS = st.one_of(st.text(max_size=5), st.sampled_from(["x" * 63, "y" * 64, "ü" * 40, "z" * 8192]))
_BYTES = st.one_of(st.binary(max_size=5), st.just(b"\xff" * 70))
_MOMENTS = st.integers(-(2**54), 2**54).map(lambda micros: EPOCH + timedelta(microseconds=micros))
_MILLIS = st.integers(-(2**41), 2**41 - 1).map(lambda millis: EPOCH + timedelta(milliseconds=millis))
_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": _INTS,
    "long": LONGS,
    "float": st.floats(allow_nan=False, width=32),
    "double": st.floats(allow_nan=False),
    "bytes": _BYTES,
    "string": _TEXTS,
}


def _logical(kind: str, logical: str) -> dict[str, str]:
    return {"type": kind, "logicalType": logical}


_COMMON: list[Typed] = [
    (_logical("long", "timestamp-micros"), _MOMENTS),
    (_logical("long", "timestamp-millis"), _MILLIS),
    (_logical("int", "date"), st.dates(date(1000, 1, 1), date(3000, 1, 1))),
]
"""Logical types of fixed parameters that canonical walkers accept; decimals of bytes are another."""
RARE: list[Typed] = [
    (_logical("int", "time-millis"), st.times().map(lambda time: time.replace(microsecond=37_000))),
    (_logical("long", "time-micros"), st.times()),
    (_logical("long", "local-timestamp-millis"), _MILLIS.map(lambda moment: moment.replace(tzinfo=None))),
    (_logical("long", "local-timestamp-micros"), _MOMENTS.map(lambda moment: moment.replace(tzinfo=None))),
    (_logical("string", "uuid"), st.uuids()),
]
"""Logical types that canonical walkers always leave to the codec, as they do those of fixed bytes."""


def _decimal(precision: int) -> Typed:
    """Decimals that need no more bytes than a canonical walker admits."""
    most = min(10**precision - 1, 2 ** ((10**precision).bit_length() // 8 * 8 - 1) - 1)
    schema = {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": 2}
    return schema, st.integers(-most, most).map(lambda number: Decimal(number).scaleb(-2))


class Types:
    """Random types; each named one gets a name of its own. Values of ``rare`` ones are never common."""

    def __init__(self, draw: Any, *, rare: bool = True) -> None:
        self.draw = draw
        self.names = 0
        self.rare = rare

    def any(self, depth: int = 2) -> Typed:
        """A type of any kind, nested no deeper than ``depth``."""
        kinds = ["primitive", "primitive", "logical", "fixed", "enum"]
        if self.rare:
            kinds += ["rare"]
        if depth:
            kinds += ["array", "map", "union", "record", "empty"]
        kind = self.draw(st.sampled_from(kinds))
        made: Typed = getattr(self, f"_{kind}")(depth)
        return made

    def _name(self) -> str:
        self.names += 1
        return f"t.N{self.names}"

    def _primitive(self, _: int) -> Typed:
        name = self.draw(st.sampled_from(sorted(_PRIMITIVES)))
        return name, _PRIMITIVES[name]

    def _logical(self, _: int) -> Typed:
        decimal = _decimal(self.draw(st.integers(3, 18)))
        return [decimal, *_COMMON][self.draw(st.integers(0, len(_COMMON)))]

    def _rare(self, _: int) -> Typed:
        return [self._duration(), self._fixed_decimal(), *RARE][self.draw(st.integers(0, len(RARE) + 1))]

    def _duration(self) -> Typed:
        kind = {"type": "fixed", "name": self._name(), "size": 12, "logicalType": "duration"}
        return kind, st.binary(min_size=12, max_size=12)

    def _fixed_decimal(self) -> Typed:
        size = self.draw(st.integers(1, 12))
        precision = self.draw(st.integers(2, len(str(2 ** (8 * size - 1))) - 1))
        kind = {"type": "fixed", "name": self._name(), "size": size, "logicalType": "decimal"}
        most = 10**precision - 1
        numbers = st.integers(-most, most).map(lambda number: Decimal(number).scaleb(-1))
        return kind | {"precision": precision, "scale": 1}, numbers

    def _fixed(self, _: int) -> Typed:
        size = self.draw(st.integers(0, 9))
        return {"type": "fixed", "name": self._name(), "size": size}, st.binary(min_size=size, max_size=size)

    def _enum(self, _: int) -> Typed:
        symbols = [f"S{n}" for n in range(self.draw(st.sampled_from([1, 3, 64, 70])))]
        return {"type": "enum", "name": self._name(), "symbols": symbols}, st.sampled_from(symbols)

    def _array(self, depth: int) -> Typed:
        items, values = self.any(depth - 1)
        assume(items != "null")
        assume(not isinstance(items, dict) or (items.get("size") != 0 and items.get("fields") != []))
        return {"type": "array", "items": items}, st.lists(values, max_size=4)

    def _map(self, depth: int) -> Typed:
        values, inner = self.any(depth - 1)
        return {"type": "map", "values": values}, st.dictionaries(_TEXTS, inner, max_size=1)

    def _union(self, depth: int) -> Typed:
        inner, values = self.any(depth - 1)
        assume(not isinstance(inner, list) and inner != "null")
        # Our codec writes null only where it comes first, if the other branch is a logical type.
        null_first = isinstance(inner, dict) or self.draw(st.booleans())
        branches = ["null", inner] if null_first else [inner, "null"]
        return branches, st.one_of(st.none(), values)

    def _empty(self, _: int) -> Typed:
        return {"type": "record", "name": self._name(), "fields": []}, st.just({})

    def _record(self, depth: int) -> Typed:
        return self.record(depth - 1)

    def record(self, depth: int = 2) -> Typed:
        """A record type."""
        fields = {f"f{n}": self.any(depth) for n in range(self.draw(st.integers(1, 4)))}
        schema = {
            "type": "record",
            "name": self._name(),
            "fields": [{"name": name, "type": kind} for name, (kind, _) in fields.items()],
        }
        return schema, st.fixed_dictionaries({name: values for name, (_, values) in fields.items()})


@st.composite
def records(draw: Any, *, rare: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record schema and a value of it."""
    schema, values = Types(draw, rare=rare).record()
    return schema, draw(values)


@st.composite
def record_types(draw: Any, *, rare: bool) -> Typed:
    """A record type, and its values."""
    return Types(draw, rare=rare).record()


def encode(schema: Any, value: Any) -> bytes:
    """What fastavro writes."""
    out = BytesIO()
    schemaless_writer(out, parse_schema(schema, named_schemas={}), value)
    return out.getvalue()


def in_blocks(schema: Any, value: Any, random: Random) -> bytes:
    """Avro in forms that fastavro reads and never writes: split arrays and maps, blocks with their size."""
    if isinstance(schema, list):
        branch = 0 if (value is None) == (schema[0] == "null") else 1
        return encode_long(branch) + in_blocks(schema[branch], value, random)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        return b"".join(in_blocks(field["type"], value[field["name"]], random) for field in schema["fields"])
    if kind not in ("array", "map"):
        return encode(schema, value)
    if kind == "array":
        items = [in_blocks(schema["items"], item, random) for item in value]
    else:
        items = [
            encode("string", key) + in_blocks(schema["values"], item, random) for key, item in value.items()
        ]
    return blocks_of(items, random)


def blocks_of(items: list[bytes], random: Random) -> bytes:
    """Items in blocks of random sizes, some with their length in bytes."""
    blocks = b""
    while items:
        count = random.randrange(1, len(items) + 1)
        block, items = b"".join(items[:count]), items[count:]
        if random.random() < 0.5:
            blocks += encode_long(-count) + encode_long(len(block)) + block
        else:
            blocks += encode_long(count) + block
    return blocks + b"\0"
