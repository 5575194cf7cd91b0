"""Walkers find the same fields as fastavro, on any schema; canonical ones accept what our codec writes."""

from __future__ import annotations

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
from tests.unit.streams.engine.avro.random_types import (
    LONGS,
    RARE,
    blocks_of,
    encode,
    in_blocks,
    record_types,
    records,
)

UNREADABLE = (UnwalkableError, ValueError)


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
    [kind for kind, _ in RARE]
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


@given(LONGS)
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
