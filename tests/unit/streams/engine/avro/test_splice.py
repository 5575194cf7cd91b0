"""The splice join makes the very bytes that fastavro writes of the joined dictionaries, on any schema."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.engine.avro.frame import Schema
from streams.engine.avro.splice import Shown, Splice
from streams.engine.errors import EngineError
from tests.unit.streams.engine.avro.random_types import in_blocks
from tests.unit.streams.engine.avro.scenes import FACT, ROW, Scene, decode, encode, scenes


@settings(deadline=None, max_examples=60)
@given(scenes())
def test_rows_are_what_fastavro_writes(scene: Scene) -> None:
    """Byte for byte, in order, with the fact's key and timestamp; nothing of it was decoded."""
    rows, refused, rewritten = scene.join([encode(scene.fact, fact, FACT) for fact in scene.facts])
    expected = [
        (b"key%d" % offset, encode(scene.row, row, ROW), 1000 + offset)
        for offset, fact in enumerate(scene.facts)
        for row in scene.expected(fact)
    ]
    assert rows == expected
    assert refused == []
    assert rewritten == 0


@settings(deadline=None, max_examples=30)
@given(scenes(), st.integers(0, 1 << 32))
def test_unusual_forms_mean_the_same(scene: Scene, seed: int) -> None:
    """Arrays and maps in several blocks, with and without their sizes, are joined as well."""
    random = Random(seed)
    values = [
        b"\0\0\0\0\x07" + in_blocks(scene.fact, fact, random)
        for fact in scene.facts
        if not isinstance(fact.get("many"), (dict, list, str, float))
    ]
    assume(values)
    rows, refused, _ = scene.join(values)
    expected = [
        row
        for fact in scene.facts
        if not isinstance(fact.get("many"), (dict, list, str, float))
        for row in scene.expected(fact)
    ]
    assert refused == []
    assert [decode(scene.row, value) for _, value, _ in rows] == [
        decode(scene.row, encode(scene.row, row, ROW)) for row in expected
    ]


@settings(deadline=None, max_examples=40)
@given(scenes(), st.data())
def test_what_is_no_record_is_refused_alone(scene: Scene, data: Any) -> None:
    """Damaged bytes are refused exactly when fastavro cannot read them; their neighbours are joined."""
    whole = encode(scene.fact, scene.facts[0], FACT)
    damaged = bytearray(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del damaged[at:]
    else:
        damaged[at] = data.draw(st.integers(0, 255))
    rows, refused, _ = scene.join([whole, bytes(damaged), whole])
    readable: Any = None
    if damaged.startswith(b"\0\0\0\0\x07"):
        with suppress(Exception):  # fastavro stumbles over damaged bytes in many ways
            readable = decode(scene.fact, bytes(damaged))
    good = scene.expected(scene.facts[0])
    assert len([key for key, _, _ in rows if key != b"key1"]) == 2 * len(good)
    if readable is None:
        assert [one.record[0] for one in refused] == [1]
        assert refused[0].code in ("undecodable", "schema-unknown")
    else:
        assert refused == []
        for key, value, _ in rows:
            if key == b"key1":
                decode(scene.row, value)


def schema(name: str, /, **fields: Any) -> Schema:
    """A record schema with these fields."""
    described = [{"name": one, "type": kind} for one, kind in fields.items()]
    return Schema({"type": "record", "name": name, "fields": described}, len(name))


SUIT = {"type": "enum", "name": "Suit", "symbols": ["HEARTS", "SPADES"]}
LINES = {"type": "array", "items": schema("Line", sku="long", line_suit="Suit").record}
FACT_FIELDS = {"id": "long", "owner": ["null", "int"], "suit": SUIT, "lines": LINES}
OWNER = Shown("owner", schema("Owner", id="long", name="string", suit=SUIT), "id", "owner")
ITEM = Shown("item", schema("Sku", sku="int", name=["null", "string"]), "sku", "sku")
ROW_FIELDS = {
    **{"id": "long", "owner": ["null", "int"], "suit": SUIT, "sku": "long"},
    "line_suit": "Suit",
    **{"owner_name": ["null", "string"], "owner_suit": ["Suit", "null"]},
    "item_name": ["null", "string"],
}


def spliced(fact: dict[str, Any], row: dict[str, Any], *dimensions: Shown) -> Splice:
    """The splice of these schemas, whose facts have lines."""
    return Splice(schema("Fact", **fact), schema("Row", **row), dimensions, items="lines")


def test_names_say_what_is_shown_and_types_how() -> None:
    """A name that is used again is its type; null may come first or last; an int names a long."""
    splice = spliced(FACT_FIELDS, ROW_FIELDS, ITEM, OWNER)
    assert [one.prefix for one in splice.dimensions] == ["owner", "item"]
    assert [one.null for one in splice.blocks] == [b"\0\2", b"\0"]
    assert splice.own_keys == ("owner",)
    assert splice.item_keys == ("sku",)
    assert splice.branches == (b"\2", b"")


BREAKS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a field of the fact is missing": ({}, {"owner": None}, "field 2 must be the fact's 'owner'"),
    "a field of the fact has another type": ({}, {"id": "int"}, "field 1 must be the fact's 'id'"),
    "a field of the item has another type": ({}, {"sku": "string"}, "field 4 must be the fact's 'sku'"),
    "a block's field cannot be null": ({}, {"owner_name": "string"}, "the row's 'owner_name' must be 'name'"),
    "a block's field has another type": ({}, {"owner_name": ["null", "bytes"]}, "must be 'name' of the same"),
    "a field that nobody shows": ({}, {"more": "long"}, "nothing is known to show as 'more'"),
    "a dimension that is not shown": ({}, {"item_name": None}, "no field shows 'item'"),
    "items that are no records": ({"lines": {"type": "array", "items": "long"}}, {}, "an array of records"),
    "items that are not last": ({"more": "long"}, {}, "'lines' must be the last field"),
    "a key that nothing names": ({"owner": None}, {"owner": None}, "no 'owner' that names a 'id'"),
    "a key of another type": (
        {"owner": "string"},
        {"owner": "string"},
        "'owner' must have the type of 'id' of 'owner'",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_schemas_that_do_not_fit_are_refused(name: str) -> None:
    """Each rule that the join relies on is checked before the first record."""
    fact, row, message = BREAKS[name]
    facts = {one: kind for one, kind in (FACT_FIELDS | fact).items() if kind is not None}
    rows = {one: kind for one, kind in (ROW_FIELDS | row).items() if kind is not None}
    with pytest.raises(EngineError, match=message) as refused:
        spliced(facts, rows, OWNER, ITEM)
    assert refused.value.code == "layout-broken"


def test_types_are_known_by_their_names() -> None:
    """Within items too, and within themselves: a tree of any depth is one slice."""
    tree: dict[str, Any] = schema("Tree", leaf="Suit", more={"type": "array", "items": "Tree"}).record
    lines = {"type": "array", "items": schema("Line", sku="long", line_suit="Suit", tree=tree).record}
    scene = Scene(
        fact=dict(schema("Fact", **FACT_FIELDS | {"lines": lines}).record),
        row=dict(
            schema(
                "Row",
                **{name: ROW_FIELDS[name] for name in ("id", "owner", "suit", "sku", "line_suit")},
                tree=tree,
                owner_name=["null", "string"],
            ).record
        ),
        items="lines",
        dimensions={"owner": (dict(OWNER.schema.record), "id", "owner")},
        members={"owner": [{"id": 4, "name": "Ann", "suit": "SPADES"}]},
    )
    leaf: dict[str, Any] = {"leaf": "SPADES", "more": []}
    line = {"sku": 1, "line_suit": "SPADES", "tree": {"leaf": "HEARTS", "more": [leaf, leaf]}}
    fact = {"id": 1, "owner": 4, "suit": "HEARTS", "lines": [line, {**line, "tree": leaf}]}
    rows, refused, rewritten = scene.join([encode(scene.fact, fact, FACT)])
    assert (refused, rewritten) == ([], 0)
    assert [value for _, value, _ in rows] == [encode(scene.row, row, ROW) for row in scene.expected(fact)]
