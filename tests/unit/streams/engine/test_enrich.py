"""The ready join as an application: tables, broadcast dimensions, and what cannot be read of either."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from streams.engine.avro.frame import Schema
from streams.engine.corrections import Corrections
from streams.engine.enrich import Table, Topic, enrich
from streams.engine.fold import Application, Fetched, RefusedError
from streams.engine.meter import Meter
from streams.engine.parking import DeadTopics
from streams.engine.stage import Stage
from tests.unit.streams.engine.avro.scenes import decode, encode
from tests.unit.streams.engine.parts import OPTIONS, ListedReader, ListedWriter


def schema(number: int, name: str, /, **fields: Any) -> Schema:
    """A record schema with these fields."""
    described = [{"name": one, "type": kind} for one, kind in fields.items()]
    return Schema({"type": "record", "name": name, "fields": described}, number)


SALE = schema(1, "Sale", customer="long", place="int", origin="int")
CUSTOMER = schema(2, "Customer", id="long", name="string")
PLACE = schema(3, "Place", id="int", town="string")
ROW = schema(
    *(4, "Row"),
    **{"customer": "long", "place": "int", "origin": "int", "customer_name": ["null", "string"]},
    **{"place_town": ["null", "string"], "origin_town": ["null", "string"]},
)


def sales() -> Application:
    """Sales with their customers, the places where they were made, and those where the goods came from."""
    return enrich(
        "sales",
        facts=Topic("sale", SALE),
        rows=Topic("row", ROW),
        tables=[Table("customer", CUSTOMER, "customer", "id", "customer")],
        broadcast=[
            Table("place", PLACE, "place", "id", "place"),
            Table("place", PLACE, "origin", "id", "origin"),
        ],
        parking=DeadTopics(),
    )


def record(offset: int, schema: Schema | None, key: bytes | None = b"key", **fields: Any) -> Fetched:
    """A record as the transport hands it over; without a schema one without a value."""
    value = None if schema is None else encode(schema.record, fields, schema.id)
    return offset, 1_000, key, value, ()


@pytest.fixture
def stage() -> Stage:
    """The application with one partition and two places."""
    stage = Stage(sales(), OPTIONS)
    stage.own({0})
    stage.put("place", record(0, PLACE, b"1", id=1, town="Ulm"))
    stage.put("place", record(1, PLACE, b"2", id=2, town="Bonn"))
    return stage


def shown(stage: Stage, offset: int = 0, **fields: int) -> tuple[Any, ...]:
    """What the row of a sale shows."""
    fields = {"customer": 7, "place": 1, "origin": 2} | fields
    assert stage.fold(0, "sale", [record(offset, SALE, **fields)]) == []
    emission = stage.partitions[0].fold.take(9)
    assert emission is not None
    assert stage.partitions[0].fold.take(9) is None
    ((key, value, moment),) = emission.outputs[0].rows
    assert (emission.outputs[0].topic, key, moment) == ("row", b"key", 1_000)
    row = decode(ROW.record, value)
    return row["customer_name"], row["place_town"], row["origin_town"]


def test_a_row_shows_the_newest_versions(stage: Stage) -> None:
    """One topic may be shown in two roles; a record without a value ends a member."""
    assert shown(stage) == (None, "Ulm", "Bonn")
    assert stage.fold(0, "customer", [record(0, CUSTOMER, id=7, name="Ann")]) == []
    assert stage.put("place", record(2, PLACE, b"1", id=1, town="Neu-Ulm")) is None
    assert shown(stage, origin=1) == ("Ann", "Neu-Ulm", "Neu-Ulm")
    assert stage.fold(0, "customer", [record(1, None)]) == []
    stage.put("place", record(3, None, b"1"))
    assert shown(stage) == (None, None, "Bonn")
    assert stage.refused == []


def test_the_application_reads_each_topic_once(stage: Stage) -> None:
    """And keeps no changelog: its tables are their own."""
    application = stage.application
    assert application.inputs == ("sale", "customer")
    assert application.tables == ("customer",)
    assert application.broadcast == ("place",)
    assert application.changelog is None
    assert application.shared.changes_since({}) == set()


def test_what_cannot_be_read_is_parked_and_the_version_before_stays(stage: Stage) -> None:
    """Of tables, of broadcast topics and of facts."""
    stage.fold(0, "customer", [record(0, CUSTOMER, id=7, name="Ann")])
    bad = (1, 1_000, b"key", b"\0\0\0\0\2junk", ())
    rejections = stage.fold(0, "customer", [bad, record(2, CUSTOMER, None, id=7, name="Eve")])
    assert sorted((one.record[0], one.code) for one in rejections) == [
        (1, "undecodable"),
        (2, "key-mismatch"),
    ]
    stage.put("place", (2, 1_000, b"1", b"junk", ()))
    assert [one.rejection.code for one in stage.refused] == ["undecodable"]
    assert shown(stage) == ("Ann", "Ulm", "Bonn")
    with pytest.raises(RefusedError):
        stage.application.shared.put("place", record(3, PLACE, None, id=1, town="Nowhere"))
    facts = [(5, 1_000, b"key", b"\0\0\0\0\1junk", ()), record(6, SALE, customer=7, place=1, origin=1)]
    assert [one.record[0] for one in stage.fold(0, "sale", facts)] == [5]
    assert stage.partitions[0].fold.take(9) is not None


def test_a_new_owner_folds_tables_before_they_flow(stage: Stage) -> None:
    """What was folded is not folded again when it flows, so that nothing older comes back; what could not be
    folded is parked then."""
    published = [
        record(0, CUSTOMER, id=7, name="Old"),
        (1, 1_000, b"bad", b"junk", ()),
        record(2, CUSTOMER, id=7, name="New"),
    ]
    reader: Any = ListedReader({"customer": [published]})
    assert asyncio.run(stage.recover(0, reader)) == 3
    assert shown(stage) == ("New", "Ulm", "Bonn")
    assert [one.record[0] for one in stage.fold(0, "customer", published)] == [1]
    assert shown(stage) == ("New", "Ulm", "Bonn")
    later: Any = ListedReader({"customer": [[record(3, CUSTOMER, id=7, name="Newer")]]})
    assert asyncio.run(stage.recover(0, later)) == 1
    assert reader.asked + later.asked == [("customer", 0, 0), ("customer", 0, 3)]
    assert shown(stage) == ("Newer", "Ulm", "Bonn")


def test_what_is_delivered_again_brings_nothing_older_back(stage: Stage) -> None:
    """As after a rebalance in the middle of a batch; what was parked then is parked once more."""
    versions = [
        record(0, CUSTOMER, id=7, name="Old"),
        (1, 1_000, b"bad", b"junk", ()),
        record(2, CUSTOMER, id=7, name="New"),
    ]
    assert [one.record[0] for one in stage.fold(0, "customer", versions)] == [1]
    assert [one.record[0] for one in stage.fold(0, "customer", versions[:2])] == [1]
    assert shown(stage) == ("New", "Ulm", "Bonn")


def test_nothing_is_corrected_and_bad_broadcast_records_are_parked_once(stage: Stage) -> None:
    """By the owner of the first partition; without a mark, since there is no store."""
    writer: Any = ListedWriter()
    reader: Any = SimpleNamespace(inbox=deque(), read_to_end=lambda _cancelled: None)
    corrections = Corrections("sales", [stage], reader, writer, Meter())
    stage.partitions[0].generation = 1
    reader.inbox += [
        ("place", (2, 1_000, b"1", b"junk", ())),
        ("place", record(3, PLACE, b"1", id=1, town="Neu-Ulm")),
    ]
    asyncio.run(corrections.follow(1))
    assert [event[:2] for event in writer.events] == [("dead", "place.dead")]
    asyncio.run(corrections.follow(1))
    assert len(writer.events) == 1
    assert shown(stage) == (None, "Neu-Ulm", "Bonn")
