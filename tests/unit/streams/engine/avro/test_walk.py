"""Walkers find the same fields as fastavro, on any schema; canonical ones accept what our codec writes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from random import Random
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.engine.avro.varint import decode_long, encode_long
from streams.engine.avro.walk import ItemsWalker, Walker
from streams.engine.avro.walk_compile import UnwalkableError, record_source

UNREADABLE = (UnwalkableError, ValueError)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Typed = tuple[Any, st.SearchStrategy[Any]]
"""An Avro type, and its values."""

_LONGS = st.one_of(
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
    "long": _LONGS,
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
_RARE: list[Typed] = [
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
        return [self._duration(), self._fixed_decimal(), *_RARE][self.draw(st.integers(0, len(_RARE) + 1))]

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


@pytest.mark.parametrize("canonical", [False, True])
@settings(deadline=None, max_examples=150)
@given(st.data())
def test_slices_are_the_fields_as_fastavro_writes_them(canonical: bool, data: st.DataObject) -> None:
    """Both kinds of walker cut a record into exactly its fields."""
    schema, value = data.draw(records(rare=not canonical))
    fields = {field["name"]: encode(field["type"], value[field["name"]]) for field in schema["fields"]}
    body = encode(schema, value)
    assert b"".join(fields.values()) == body
    assert Walker(schema, canonical=canonical).slices(b"frame" + body, 5) == fields


def _field(kind: Any) -> dict[str, Any]:
    return {"type": "record", "name": "t.A", "fields": [{"name": "a", "type": kind}]}


@pytest.mark.parametrize(
    "kind",
    [kind for kind, _ in _RARE]
    + [
        {"type": "fixed", "name": "t.D", "size": 12, "logicalType": "duration"},
        {"type": "fixed", "name": "t.D", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 2},
    ],
)
def test_rare_types_are_left_to_the_codec(kind: dict[str, Any]) -> None:
    """By canonical walkers, which do not know how they are written; where there is none of them they walk."""
    for schema, body in ((_field(kind), b"\0" * 12), (_field(["null", kind]), b"\2" + b"\0" * 12)):
        with pytest.raises(ValueError, match="never of the common form"):
            Walker(schema, canonical=True).walk(body, 0)
    assert Walker(_field(["null", kind]), canonical=True).slices(b"\0") == {"a": b"\0"}


@pytest.mark.parametrize("sign", [b"\x7f", b"\xff"])
def test_a_float_that_a_codec_would_change_is_not_of_the_common_form(sign: bytes) -> None:
    """A signalling NaN becomes a quiet one when it is read: other bytes. Other floats stay what they are."""
    walker, general = Walker(_field("float"), canonical=True), Walker(_field("float"))
    for low in (b"\x01\x00\x80", b"\x00\x01\x80", b"\x00\x00\x81", b"\xff\xff\xbf"):
        with pytest.raises(UNREADABLE):
            walker.slices(low + sign)
        assert general.slices(low + sign) == {"a": low + sign}
    for low in (b"\x00\x00\x80", b"\x00\x00\xc0", b"\x01\x00\xc0", b"\xff\xff\xff", b"\xff\xff\x7f"):
        assert walker.slices(low + sign) == {"a": low + sign}


@settings(deadline=None, max_examples=200)
@given(records(), st.integers(0, 2**32))
def test_every_block_form_is_walked(example: tuple[dict[str, Any], dict[str, Any]], seed: int) -> None:
    """Several blocks, with and without sizes; canonical walkers refuse what is not usual."""
    schema, value = example
    random = Random(seed)
    fields = {f["name"]: in_blocks(f["type"], value[f["name"]], random) for f in schema["fields"]}
    body = b"".join(fields.values())
    assert schemaless_reader(BytesIO(body), parse_schema(schema, named_schemas={})) == value
    assert Walker(schema).slices(body) == fields
    if body != encode(schema, value):
        with pytest.raises(UNREADABLE):
            Walker(schema, canonical=True).offsets(body)


@settings(deadline=None, max_examples=300)
@given(records(), st.integers(0, 2**32))
def test_what_a_canonical_walker_accepts_is_what_the_codec_writes(
    example: tuple[dict[str, Any], dict[str, Any]], seed: int
) -> None:
    """Damaged bytes are refused, or they are the very bytes of another value."""
    schema, value = example
    random = Random(seed)
    parsed = parse_schema(schema, named_schemas={})
    general, canonical = Walker(schema), Walker(schema, canonical=True)
    for _ in range(20):
        body = bytearray(encode(schema, value))
        for _ in range(random.randrange(1, 3)):
            place = random.randrange(len(body) + 1)
            body[place : place + random.randrange(2)] = random.choice(
                (b"", b"\0", b"\x80", b"\x80\0", b"\xff", b"\x01", b"\x02", bytes([random.randrange(256)]))
            )
        try:
            offsets = canonical.offsets(bytes(body))
        except ValueError:
            continue
        again = BytesIO()
        schemaless_writer(again, parsed, schemaless_reader(BytesIO(body), parsed))
        assert again.getvalue() == body
        assert general.offsets(bytes(body)) == offsets


@settings(deadline=None)
@given(records())
def test_a_value_cut_short_or_too_long_is_refused(example: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """The walk must end exactly where the value ends."""
    schema, value = example
    body = encode(schema, value)
    for walker in (Walker(schema), Walker(schema, canonical=True)):
        for damaged in (body + b"\0", *(body[:end] for end in range(max(0, len(body) - 40), len(body)))):
            with pytest.raises(UNREADABLE):
                walker.offsets(damaged)


def test_recursive_and_repeated_records_are_walked() -> None:
    """A named type may be used again, and within itself."""
    node = {
        "type": "record",
        "name": "t.Node",
        "fields": [
            {"name": "value", "type": "long"},
            {"name": "children", "type": {"type": "array", "items": "t.Node"}},
            {"name": "next", "type": ["null", "t.Node"]},
        ],
    }
    pair = {
        "type": "record",
        "name": "t.Pair",
        "fields": [{"name": "left", "type": node}, {"name": "right", "type": "t.Node"}],
    }
    leaf = {"value": 300, "children": [], "next": None}
    tree = {"value": 1, "children": [leaf, leaf], "next": {"value": 2, "children": [leaf], "next": leaf}}
    body = encode(pair, {"left": tree, "right": leaf})
    for canonical in (False, True):
        slices = Walker(pair, canonical=canonical).slices(body)
        assert slices == {"left": encode(node, tree), "right": encode(node, leaf)}


@settings(deadline=None, max_examples=200)
@given(st.data(), st.integers(0, 2**32))
def test_items_are_cut_into_the_fields_asked_for(data: st.DataObject, seed: int) -> None:
    """Of each item its bytes and the fields wanted, in any block form, and where the array ends."""
    rare = data.draw(st.booleans())
    item, values = data.draw(record_types(rare=rare))
    array = {"type": "array", "items": item}
    record = {"type": "record", "name": "t.A", "fields": [{"name": "a", "type": array}]}
    items = data.draw(st.lists(values, max_size=5))
    wanted = [field["name"] for field in item["fields"]][-2:]
    expected = [
        (
            encode(item, value),
            *(
                encode(field["type"], value[field["name"]])
                for field in item["fields"]
                if field["name"] in wanted
            ),
        )
        for value in items
    ]
    assume(all(whole for whole, *_ in expected))  # items without bytes are refused in numbers
    usual = encode(record, {"a": items})
    for canonical in (False, *([] if rare else [True])):
        walk = ItemsWalker(record, "a", wanted, canonical=canonical).walk
        assert walk(b"x" + usual + b"y", 1) == (expected, 1 + len(usual))
        for end in range(max(0, len(usual) - 9), len(usual)):
            with pytest.raises(UNREADABLE):
                walk(usual[:end], 0)
    if len(items) < 64:
        long_count = bytes([usual[0] | 128, 0]) + usual[1:]
        assert ItemsWalker(record, "a", wanted).walk(long_count, 0) == (expected, len(long_count))
        with pytest.raises(UNREADABLE):
            ItemsWalker(record, "a", wanted, canonical=True).walk(long_count, 0)
    split = blocks_of([whole for whole, *_ in expected], Random(seed))
    assert ItemsWalker(record, "a", wanted).walk(split, 0) == (expected, len(split))


@pytest.mark.parametrize("canonical", [False, True])
def test_an_absurd_count_is_refused_at_once(canonical: bool) -> None:
    """A few bytes must not keep a worker busy for years."""
    longs = {"type": "array", "items": "long"}
    array = {"type": "record", "name": "t.A", "fields": [{"name": "a", "type": longs}]}
    with pytest.raises(UNREADABLE):
        Walker(array, canonical=canonical).offsets(encode_long(2**60) + b"\0\0")


@given(_LONGS)
def test_a_long_survives_the_wire(number: int) -> None:
    """The varint functions agree with fastavro."""
    encoded = encode_long(number)
    assert encoded == encode("long", number)
    assert decode_long(b"x" + encoded + b"y", 1, 1 + len(encoded)) == number


def test_the_generated_text_can_be_read() -> None:
    """The function's source names the fields that it steps over."""
    parsed: Any = parse_schema(
        {"type": "record", "name": "Order", "fields": [{"name": "order_id", "type": "string"}]}
    )
    text = record_source(parsed, ("order_id",), canonical=True)
    assert "# order_id" in text


def test_only_the_fields_asked_for_are_reported() -> None:
    """With each the place after it, so that a slice needs no other."""
    schema = {
        "type": "record",
        "name": "t.A",
        "fields": [{"name": name, "type": "string"} for name in "abcdef"],
    }
    body = encode(schema, dict.fromkeys("abcdef", "x"))
    for canonical in (False, True):
        walker = Walker(schema, canonical=canonical, fields=("b", "e"), until="f")
        assert walker.fields == ("b", "c", "e")
        assert walker.walk(body, 0) == (2, 4, 8, 10)
    with pytest.raises(ValueError, match="no such fields: z"):
        Walker(schema, fields=("z",))


def test_pattern_and_compiled_walker_agree() -> None:
    """Values that the pattern leaves to the compiled walker are cut the same way."""
    schema = {"type": "record", "name": "t.A", "fields": [{"name": name, "type": "string"} for name in "abc"]}
    walker = Walker(schema, canonical=True)
    for text in ("", "x" * 63, "x" * 64, "x" * 127, "x" * 128, "x" * 9000, "ü"):
        value = {"a": "1", "b": text, "c": "2"}
        assert walker.slices(encode(schema, value)) == {name: encode("string", value[name]) for name in "abc"}


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        ({"type": "int", "logicalType": "date"}, b"\xff\xff\x56"),
        ({"type": "int", "logicalType": "date"}, b"\xfe\xff\x56"),
        ({"type": "long", "logicalType": "timestamp-micros"}, b"\xff" * 7 + b"\x7f"),
        ({"type": "long", "logicalType": "timestamp-micros"}, b"\xfe" + b"\xff" * 6 + b"\x7f"),
        ({"type": "long", "logicalType": "timestamp-millis"}, b"\xff" * 5 + b"\x7f"),
    ],
)
def test_accepted_days_and_moments_exist(kind: dict[str, Any], last: bytes) -> None:
    """The first and the last number that a canonical walker accepts is a date or a datetime."""
    record = {"type": "record", "name": "t.A", "fields": [{"name": "a", "type": kind}]}
    walker = Walker(record, canonical=True)
    assert walker.slices(last) == {"a": last}
    assert schemaless_reader(BytesIO(last), parse_schema(record))["a"]
    with pytest.raises(UNREADABLE):
        walker.slices(last[:-1] + bytes([last[-1] | 0x80]) + b"\x01")
