"""Facts and dimensions of other writers: decoded, resolved and encoded, counted, with the same result."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.engine.avro.frame import Schema
from streams.engine.avro.members import Members
from streams.engine.avro.rewrite import Rewriter, UnknownSchemaError
from tests.unit.streams.engine.avro.scenes import ROW, Scene, encode, scenes

OTHER = 99


@st.composite
def other_writers(draw: Any) -> tuple[Scene, dict[str, Any]]:
    """A scene whose fact has one more field with a default, and the schema of a writer before and beside it.

    That writer has its fields in another order, none of the new one, one that nobody reads any more, and
    numbers that have become wider since.
    """
    scene = draw(scenes(items=False))
    old = list(scene.fact["fields"])
    new = {"name": "new", "type": ["null", "double"], "default": None}
    for schema, place in ((scene.fact, len(old)), (scene.row, len(old))):
        schema["fields"] = [*schema["fields"][:place], new, *schema["fields"][place:]]
    writers = [
        {**one, "type": _narrower(one["type"])} if one["name"].startswith("by") else one for one in old
    ]
    gone = {"name": "gone", "type": {"type": "map", "values": "string"}}
    return scene, {**scene.fact, "fields": draw(st.permutations([*writers, gone]))}


def _narrower(kind: Any) -> Any:
    """A type that can be read as this one."""
    if isinstance(kind, list):
        return [_narrower(branch) for branch in kind]
    return {"long": "int", "string": "bytes", "bytes": "string"}.get(kind, kind)


@settings(deadline=None, max_examples=30)
@given(other_writers())
def test_other_writers_make_the_same_rows(given_: tuple[Scene, dict[str, Any]]) -> None:
    """As the expected writer would have made of what fastavro reads; each is counted."""
    scene, writer = given_
    facts = [{**fact, "gone": {"a": "b"}} for fact in scene.facts]
    for fact in facts:
        for one in writer["fields"]:
            if one["type"] in ("bytes", ["null", "bytes"]) and isinstance(fact[one["name"]], str):
                fact[one["name"]] = fact[one["name"]].encode()
            elif one["type"] in ("string", ["null", "string"]) and isinstance(fact[one["name"]], bytes):
                assume(fact[one["name"]].isascii())
                fact[one["name"]] = fact[one["name"]].decode()
    values = [encode(writer, fact, OTHER) for fact in facts]
    rows, refused, rewritten = scene.join(values, {OTHER: writer}.__getitem__)
    resolved = [
        schemaless_reader(
            BytesIO(value[5:]),
            parse_schema(writer, named_schemas={}),
            parse_schema(scene.fact, named_schemas={}),
        )
        for value in values
    ]
    assert refused == []
    assert [value for _, value, _ in rows] == [
        encode(scene.row, row, ROW) for fact in resolved for row in scene.expected(fact)
    ]
    assert rewritten == len(facts)


@settings(deadline=None, max_examples=30)
@given(scenes())
def test_a_writer_that_nobody_knows_is_refused(scene: Scene) -> None:
    """Under a code of its own: the registry may know it later, and the record can be redriven."""
    values = [encode(scene.fact, fact, OTHER) for fact in scene.facts]
    rows, refused, _ = scene.join(values)
    assert rows == []
    assert {one.code for one in refused} == {UnknownSchemaError.code}
    assert len(refused) == len(values)


NARROW = {"type": "record", "name": "N", "fields": [{"name": "id", "type": "int"}]}
WIDE = {
    "type": "record",
    "name": "N",
    "fields": [
        {"name": "id", "type": "long"},
        {
            "name": "price",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            "default": "\x01\x02",
        },
        {"name": "seen", "type": {"type": "long", "logicalType": "timestamp-micros"}, "default": 1 << 62},
    ],
}


def test_defaults_of_logical_types_are_their_bytes() -> None:
    """Rewriting knows no logical types: a moment beyond what Python can hold stays the number that it is."""
    rewriter = Rewriter(Schema(WIDE, 1), {2: NARROW}.__getitem__)
    rewritten = rewriter.rewrite(encode(NARROW, {"id": 5}, 2))
    assert rewritten[:9] == b"\0\0\0\0\x01" + b"\x0a" + b"\x04\x01\x02"
    assert rewriter.rewrite(rewritten) == rewritten
    assert rewriter.rewritten == 2


def test_a_dimension_of_another_writer_is_known() -> None:
    """Members are rewritten too; a key that is longer than it need be names the same member."""
    scene = Scene(
        fact={"type": "record", "name": "F", "fields": [{"name": "id", "type": ["null", "long"]}]},
        row={
            "type": "record",
            "name": "R",
            "fields": [{"name": "id", "type": ["null", "long"]}, {"name": "d_id", "type": ["null", "long"]}],
        },
        items=None,
        dimensions={"d": ({**WIDE, "fields": WIDE["fields"][:1]}, "id", "id")},
    )
    members = Members(scene.splice(), "d", {2: NARROW}.__getitem__)
    members.put(b"k", encode(NARROW, {"id": 5}, 2))
    assert members.fragments == {b"\x02\x0a": b"\x02\x0a"}
    members.put(b"k", b"\0\0\0\0\x09\x8c\x00")  # 6, in two bytes
    assert members.fragments == {b"\x02\x0c": b"\x02\x0c"}
    members.put(b"k", None)
    assert members.fragments == {}
