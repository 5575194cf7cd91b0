"""Dead letters of a stream: the mesh's headers, and what counts towards the limit."""

from __future__ import annotations

import pytest

from mesh.kernel.holding import WAITING
from streams.engine.errors import EngineError
from streams.engine.fold import Rejection
from streams.engine.parking import Letter
from streams.parking import DeadLetters

FACT = "test.public.fact.v1"


def letters(parking: DeadLetters, *values: bytes | None, code: str = "undecodable") -> list[Letter]:
    """The letters of records with these values."""
    rejections = [
        Rejection((7, 1_700_000_000_000, b"key", value, ()), code, "not\n  Avro") for value in values
    ]
    return list(parking.letters(FACT, 3, rejections))


def test_a_dead_letter_has_the_bytes_and_says_why() -> None:
    """Key and value untouched; where it was, who refused it, and the reason in one line."""
    parking = DeadLetters("mesh.test", 10)
    assert parking.topic(FACT) == "test.dead.fact.v1"
    (letter,) = letters(parking, b"\0\0\0\0\x2abody")
    assert (letter.key, letter.value, letter.code) == (b"key", b"\0\0\0\0\x2abody", "undecodable")
    headers = dict(letter.headers)
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
    """Nor what has no value."""
    parked = letters(DeadLetters("mesh.test", 10), None, b"junk")
    assert {dict(letter.headers)["mesh-schema-id"] for letter in parked} == {b""}


def test_what_only_waits_counts_towards_no_limit() -> None:
    """It is good; only what is wrong with a publisher stops the process."""
    parking = DeadLetters("mesh.test", 2)
    assert len(letters(parking, b"1", b"2", b"3", code=WAITING)) == 3
    with pytest.raises(EngineError, match=r"dead-letter-limit.*MESH_DEAD_LETTER_LIMIT"):
        letters(parking, b"1", b"2", b"3")
