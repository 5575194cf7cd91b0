"""Parking: the record as it was, why, and the limit that keeps a topic from being drained."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from streams.engine.emission import park
from streams.engine.errors import EngineError
from streams.engine.fold import Rejection
from streams.engine.meter import Meter
from streams.engine.parking import DeadTopics, Limit, Parking
from streams.engine.stage import Stage
from tests.unit.streams.engine.parts import FACT, OPTIONS, ListedWriter, application, record


class Counted(Meter):
    """Counts what is parked."""

    def __init__(self) -> None:
        self.codes: list[tuple[str, str]] = []

    def parked(self, topic: str, code: str) -> None:
        """Count one."""
        self.codes.append((topic, code))


def parked(parking: Parking | None, *rejections: Rejection) -> tuple[list[Any], Counted]:
    """What is written, and counted, for records of partition 3."""
    writer: Any = ListedWriter()
    meter = Counted()
    stage = Stage(application(parking=parking), OPTIONS)
    asyncio.run(park(stage, FACT, 3, rejections, writer, meter))
    return writer.events, meter


def test_a_dead_letter_has_the_bytes_and_says_why() -> None:
    """Key, value and headers untouched; where it stood, and why; without a key it goes to partition 0."""
    offset, moment, _, _, _ = record(7, b"")
    (keyed, bare), meter = parked(
        DeadTopics(),
        Rejection((offset, moment, b"key", b"junk", [("own", b"header")]), "undecodable", "no Avro"),
        Rejection(record(8, None, None), "key-mismatch", "no key"),
    )
    assert keyed == (
        *("dead", "fact.dead", None, b"key", b"junk"),
        {
            "own": b"header",
            "topic": b"fact",
            "partition": b"3",
            "offset": b"7",
            "code": b"undecodable",
            "reason": b"no Avro",
        },
    )
    assert bare[:5] == ("dead", "fact.dead", 0, None, None)
    assert meter.codes == [(FACT, "undecodable"), (FACT, "key-mismatch")]


def test_too_many_in_a_minute_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first of them is counted; a minute later there is room again."""
    limit = Limit(3, "mend it")
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    limit.count(FACT, 2)
    with pytest.raises(EngineError, match=r"dead-letter-limit\] fact: 4 records .* more than 3; mend it"):
        limit.count(FACT, 2)
    limit.count(FACT, 1)
    limit.count(FACT, 0)
    now += 61
    limit.count(FACT, 3)


def test_a_limit_is_met_before_anything_is_written() -> None:
    """Else a topic would be drained to its last record."""
    parking = DeadTopics(limit=1)
    rejections = [Rejection(record(offset, b"junk"), "undecodable", "no Avro") for offset in range(2)]
    with pytest.raises(EngineError, match="dead-letter-limit"):
        parked(parking, *rejections)
    assert len(parked(parking, rejections[0])[0]) == 1


def test_without_a_parking_the_first_record_stops_it() -> None:
    """No record is stepped over that nobody has said a place for."""
    with pytest.raises(EngineError, match=r"parking-missing\] fact\[3\]: record 7 .*undecodable: no Avro"):
        parked(None, Rejection(record(7, b"junk"), "undecodable", "no Avro"))
