"""The splice join makes the very bytes that fastavro writes of the joined dictionaries, on any schema."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.engine.avro.frame import Schema
from streams.engine.avro.splice import Shown, Splice
from streams.engine.errors import EngineError
from tests.unit.streams.engine.avro.scenes import FACT, ROW, Scene, decode, encode, scenes
from tests.unit.streams.engine.avro.test_walk import in_blocks


@settings(deadline=None, max_examples=300)
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


@settings(deadline=None, max_examples=100)
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


@settings(deadline=None, max_examples=200)
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
    try:
        assert damaged[:5] == b"\0\0\0\0\x07"
        readable: Any = decode(scene.fact, bytes(damaged))
    except Exception:  # noqa: BLE001 - whatever fastavro stumbles over
        readable = None
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
