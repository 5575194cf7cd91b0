"""What may land, and the code of what may not."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesh.kernel.contract import Port
from mesh.kernel.errors import PlatformError
from schemas.codec import Codecs
from schemas.wire import header
from sinks.intake import Intake, Refusal
from tests.unit.sinks.samples import (
    CUSTOMERS,
    LANDED,
    MESH,
    ORDERS,
    PRODUCTS,
    SCHEMA_ID,
    codec,
    codecs,
    record,
)

PUBLISHED = 1_700_000_000_000
AT = datetime.fromtimestamp(PUBLISHED / 1000, UTC)


def intake(port: Port, schemas: dict[int, dict[str, Any]] | None = None) -> Intake:
    """An intake whose registry knows ``schemas``."""
    return Intake(port, SCHEMA_ID, codecs(schemas))


def refusal(port: Port, key: bytes | None, value: bytes | None, **schemas: Any) -> str:
    """The code with which a value is refused."""
    found = intake(port, **schemas).admit(key, value, PUBLISHED)
    assert isinstance(found, Refusal), found
    assert "\n" not in found.reason
    return found.code


@pytest.mark.parametrize("port", LANDED, ids=lambda port: port.table)
def test_a_right_record_lands_as_it_is(port: Port) -> None:
    """The very bytes."""
    changes = {"occurred_at": AT} if "occurred_at" in port.record.model_fields else {}
    fact = record(port, **changes)
    value = codec(port).encode(fact)
    assert intake(port).admit(port.key_of(fact.model_dump()).encode(), value, PUBLISHED) is value


def test_what_is_no_avro_is_undecodable() -> None:
    """No value, no frame, a body that ends too soon or too late."""
    value = codec(PRODUCTS).encode(record(PRODUCTS))
    for wrong in (None, b"", b"\x00\x00", b"{}", b"\x01" + value[1:], value[:-1], value + b"\x00"):
        assert refusal(PRODUCTS, b"k", wrong) == "undecodable"


def test_a_schema_that_the_registry_does_not_know_has_a_code_of_its_own() -> None:
    """So that it can be told from a broken body."""
    assert refusal(PRODUCTS, b"k", header(999) + b"\x00") == "schema-unknown"


def test_a_schema_of_another_event_is_undecodable() -> None:
    """Even where its body would fit."""
    other = codec(ORDERS).schema
    assert refusal(PRODUCTS, b"k", header(8) + b"\x00", schemas={8: other}) == "undecodable"


def test_an_older_writer_is_brought_to_the_present_schema() -> None:
    """A field that it did not know has its default."""
    older = copy.deepcopy(codec(PRODUCTS).schema)
    added = older["fields"].pop()
    assert added["default"] is None
    fact = record(PRODUCTS)
    value = codec(PRODUCTS).encode(fact.model_copy(update={added["name"]: None}))
    written = header(8) + value[5:-1]  # null is one byte
    landed = intake(PRODUCTS, {8: older}).admit(b"k", written, PUBLISHED)
    assert landed == value


def test_a_registry_that_is_away_is_no_fault_of_the_record() -> None:
    """It is waited for, never parked."""

    class Away:
        def schema(self, schema_id: int) -> dict[str, Any]:
            raise PlatformError("registry-unreachable", "does not answer")

    with pytest.raises(PlatformError):
        Intake(PRODUCTS, SCHEMA_ID, Codecs(Away())).admit(b"k", header(8) + b"\x00", PUBLISHED)


@pytest.mark.parametrize(
    ("key", "right"),
    [
        (b"shop:1", True),
        (b"shop:1@1700000000#3", True),
        (b"shop:1#3", True),
        (b"shop:1/3", False),
        (b"shop:12", False),
        (b"shop:", False),
        (b"", False),
        (None, False),
    ],
)
def test_the_key_is_the_account_or_begins_with_it(key: bytes | None, right: bool) -> None:
    """Else the record stands in a partition where its order is not."""
    value = codec(CUSTOMERS).encode(record(CUSTOMERS, account="shop:1"))
    found = intake(CUSTOMERS).admit(key, value, PUBLISHED)
    assert found == value if right else isinstance(found, Refusal) and found.code == "key-mismatch"


def test_a_key_of_another_partitioning_is_not_looked_at() -> None:
    """A product has no account."""
    value = codec(PRODUCTS).encode(record(PRODUCTS))
    assert intake(PRODUCTS).admit(b"whatever", value, PUBLISHED) == value


CLOCKED = [
    port
    for port in LANDED
    if port.record.__name__ in ("OrderPlaced", "PaymentRecorded", "FulfilmentUpdated", "ReturnRecorded")
]


@pytest.mark.parametrize("port", CLOCKED, ids=lambda port: port.table)
@pytest.mark.parametrize(
    ("ahead", "right"),
    [
        (timedelta(days=1), True),
        (timedelta(days=1, microseconds=1), False),
        (timedelta(0), True),
        (timedelta(days=-9000), True),
    ],
)
def test_a_fact_of_trade_may_be_a_day_ahead_and_no_more(port: Port, ahead: timedelta, right: bool) -> None:
    """To the microsecond: one such fact would move the clock of the whole mesh."""
    value = codec(port).encode(record(port, account="a", occurred_at=AT + ahead))
    found = intake(port).admit(b"a", value, PUBLISHED)
    assert found == value if right else isinstance(found, Refusal) and found.code == "event-time-ahead"


def test_all_four_facts_of_trade_are_looked_at() -> None:
    """None has been renamed unnoticed."""
    assert len(CLOCKED) == 4


def test_other_facts_may_lie_in_the_future() -> None:
    """A price of next year is knowledge, and a promotion is announced before it begins."""
    for port in (PRODUCTS, CUSTOMERS, MESH.port("sales.public.promotion-announced.v1")):
        changes = {"account": "a"} if port is CUSTOMERS else {}
        value = codec(port).encode(record(port, occurred_at=AT + timedelta(days=400), **changes))
        assert intake(port).admit(b"a", value, PUBLISHED) == value
