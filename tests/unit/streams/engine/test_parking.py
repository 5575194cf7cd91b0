"""Parking: dead letters, and the limit that keeps a topic from being drained."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from mesh.kernel.errors import StreamError
from streams.engine.fold import Rejection
from streams.engine.parking import Parking
from tests.unit.streams.engine.parts import FACT, ListedWriter, record


def park(parking: Parking, *values: bytes | None, key: bytes | None = b"key") -> None:
    """Park records with these values."""
    rejections = [Rejection(record(7, value, key), "undecodable", "not\n  Avro") for value in values]
    asyncio.run(parking.park(FACT, 3, rejections))


def test_a_dead_letter_has_the_bytes_and_says_why() -> None:
    """Key and value untouched; where it was, who refused it, and the reason in one line."""
    writer: Any = ListedWriter()
    park(Parking("mesh.test", 10, writer), b"\0\0\0\0\x2abody")
    ((kind, topic, _, key, value, headers),) = writer.events
    assert (kind, topic, key, value) == ("dead", "test.dead.fact.v1", b"key", b"\0\0\0\0\x2abody")
    assert headers["mesh-topic"] == FACT.encode()
    assert headers["mesh-partition"] == b"3"
    assert headers["mesh-offset"] == b"7"
    assert headers["mesh-consumer"] == b"mesh.test"
    assert headers["mesh-code"] == b"undecodable"
    assert headers["mesh-reason"] == b"not Avro"
    assert headers["mesh-schema-id"] == b"42"
    assert headers["mesh-attempts"] == b"1"
    assert set(headers) > {"mesh-version", "mesh-first-seen"}


def test_what_has_no_frame_has_no_schema_id() -> None:
    """Nor key, nor value, if the record had none."""
    writer: Any = ListedWriter()
    parking = Parking("mesh.test", 10, writer)
    park(parking, None, key=None)
    park(parking, b"junk")
    assert [event[3:5] for event in writer.events] == [(None, None), (b"key", b"junk")]
    assert {event[5]["mesh-schema-id"] for event in writer.events} == {b""}


def test_too_many_in_a_minute_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is written; a minute later there is room again."""
    writer: Any = ListedWriter()
    parking = Parking("mesh.test", 3, writer)
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    park(parking, b"1", b"2")
    with pytest.raises(StreamError, match="dead-letter-limit"):
        park(parking, b"3", b"4")
    assert len(writer.events) == 2
    park(parking, b"3")
    now += 61
    park(parking, b"4", b"5", b"6")
    assert len(writer.events) == 6
