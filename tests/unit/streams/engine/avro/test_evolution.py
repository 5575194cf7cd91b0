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
GONE = {"name": "gone", "type": {"type": "map", "values": "string"}}
"""What nobody reads any more, though it is written."""


@st.composite
def other_writers(draw: Any) -> tuple[Scene, dict[str, Any]]:
    """A scene whose fact has more fields with defaults, and the schema of a writer before and beside it.

    That writer has its fields in another order, none of the new ones, one that nobody reads any more, and
    numbers that have become wider since; of the items of a fact, if it has some, the same holds.
    """
    scene = draw(scenes())
    fact, row = scene.fact, scene.row
    own = [one for one in fact["fields"] if one["name"] != scene.items]
    new = [
        {"name": "new", "type": ["null", "double"], "default": None},
        {"name": "mark", "type": "bytes", "default": "\xff\x00"},
    ]
    row["fields"] = [*own, *new, *row["fields"][len(own) :]]
    writer = _before(draw, own)
    if scene.items is not None:
        items = fact["fields"][-1]
        item = items["type"]["items"]
        place = len(own) + len(new) + len(item["fields"])
        more = [
            {"name": "flag", "type": "boolean", "default": True},
            {"name": "seal", "type": {"type": "fixed", "name": "Seal", "size": 2}, "default": "\x80a"},
        ]
        row["fields"][place:place] = more
        before = {**item, "fields": _before(draw, item["fields"])}
        item["fields"] = [*item["fields"], *more]
        writer = [*writer, {**items, "type": {"type": "array", "items": before}}]
        own = [*own, *new, items]
    else:
        own = [*own, *new]
    fact["fields"] = own
    return scene, {**fact, "fields": draw(st.permutations(writer))}


def _before(draw: Any, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fields as that writer has them."""
    narrow = [
        {**one, "type": _narrower(one["type"])} if one["name"].startswith("by") else one for one in fields
    ]
    return list(draw(st.permutations([*narrow, GONE])))


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
    values = [encode(writer, _by(writer, fact), OTHER) for fact in scene.facts]
    rows, refused, rewritten = scene.join(values, {OTHER: writer}.__getitem__)
    resolved = [
        _with_bytes(
            schemaless_reader(
                BytesIO(value[5:]),
                parse_schema(writer, named_schemas={}),
                parse_schema(scene.fact, named_schemas={}),
            )
        )
        for value in values
    ]
    assert refused == []
    assert [value for _, value, _ in rows] == [
        encode(scene.row, row, ROW) for fact in resolved for row in scene.expected(fact)
    ]
    assert rewritten == len(values)


def _with_bytes(record: dict[str, Any]) -> dict[str, Any]:
    """A record with bytes for defaults of bytes, which fastavro gives as the text that JSON has for them."""
    for line in record.get("lines", ()):
        line["seal"] = line["seal"].encode("latin-1")
    return {**record, "mark": record["mark"].encode("latin-1")}


def _by(writer: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """A record as its writer has it."""
    made: dict[str, Any] = {**record, "gone": {"a": "b"}}
    for name, kind in ((one["name"], one["type"]) for one in writer["fields"]):
        if name == "lines":
            made[name] = [_by(kind["items"], line) for line in record[name]]
        elif kind in ("bytes", ["null", "bytes"]) and isinstance(made[name], str):
            made[name] = made[name].encode()
        elif kind in ("string", ["null", "string"]) and isinstance(made[name], bytes):
            assume(made[name].isascii())
            made[name] = made[name].decode()
    return made


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
