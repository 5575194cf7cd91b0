"""What may land, and the code of what may not."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from confluent_kafka import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.kernel.contract import Port
from mesh.kernel.errors import PlatformError
from schemas.codec import Codecs, read_body
from schemas.wire import header
from sinks.intake import Intake, PythonBeginnings, Refusal
from sinks.kernel import ROWS
from streams.engine.avro.walk import ItemsWalker, Walker
from tests.unit.schemas.records import instances
from tests.unit.sinks.samples import (
    CUSTOMERS,
    LANDED,
    MESH,
    ORDERS,
    PRODUCTS,
    SCHEMA_ID,
    codec,
    codecs,
    read,
    record,
)

PUBLISHED = 1_700_000_000_000
ENRICHED = MESH.port("sales.public.orders-enriched.v1")
SEGMENTS = MESH.port("customer.public.segment-assigned.v1")
ROW = record(ENRICHED)
AT = datetime.fromtimestamp(PUBLISHED / 1000, UTC)


def intake(port: Port, schemas: dict[int, dict[str, Any]] | None = None) -> Intake:
    """An intake whose registry knows ``schemas``."""
    return _usual(port.topic) if schemas is None else Intake(port, SCHEMA_ID, codecs(schemas))


@cache
def _usual(topic: str) -> Intake:
    return Intake(MESH.port(topic), SCHEMA_ID, codecs())


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


@pytest.mark.parametrize(("key", "right"), [(b"g:1", True), (b"g:12", False), (b"g:", False), (None, False)])
def test_the_key_of_a_segment_is_the_golden_id(key: bytes | None, right: bool) -> None:
    """A segment meets the customer's row in its partition, as facts meet their account."""
    value = codec(SEGMENTS).encode(record(SEGMENTS, customer_id="g:1"))
    found = intake(SEGMENTS).admit(key, value, PUBLISHED)
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


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_damaged_record_lands_only_as_what_a_codec_reads(data: st.DataObject) -> None:
    """Whatever byte is wrong: refused where decoding fails, else landed as the codec would write it."""
    mine = codec(PRODUCTS)
    value = bytearray(mine.encode(data.draw(instances(PRODUCTS.record))))
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.integers(5, len(value) - 1))] = data.draw(st.integers(0, 255))
    found = intake(PRODUCTS).admit(b"k", bytes(value), PUBLISHED)
    try:
        fields = read_body(bytes(value), mine.parsed)
    except ValueError:
        assert isinstance(found, Refusal)
        assert found.code == "undecodable"
    else:
        assert isinstance(found, bytes), found
        assert repr(read_body(found, mine.parsed)) == repr(fields)  # repr: a NaN is equal to none


def test_another_form_of_the_same_record_lands_in_the_usual_one() -> None:
    """Avro allows an array in several blocks; the warehouse need not."""
    line = {
        "line_number": 1,
        "product_id": "p",
        "quantity": 1,
        **dict.fromkeys(("unit_price", "gross_amount", "discount_amount", "net_amount"), Decimal(1)),
    }
    kind = ORDERS.record.model_fields["lines"].annotation.__args__[0]
    fact = record(ORDERS, account="a", occurred_at=AT, lines=[kind(**line), kind(**line)])
    usual = codec(ORDERS).encode(fact)
    walker = Walker(codec(ORDERS).schema)
    at = dict(zip(walker.fields, walker.offsets(usual, 5), strict=False))["lines"]
    items, _ = ItemsWalker(codec(ORDERS).schema, "lines", ()).walk(usual, at)
    item = items[0][0]
    odd = usual[:at] + b"\x02" + item + b"\x02" + item + usual[at + 1 + 2 * len(item) :]
    assert codec(ORDERS).decode(odd) == codec(ORDERS).decode(usual)
    assert intake(ORDERS).admit(b"a", odd, PUBLISHED) == usual


@settings(max_examples=200, deadline=None)
@given(
    account=st.text(max_size=70),
    order=st.text(max_size=70),
    end=st.sampled_from(["", "@1", "#1", "x"]),
    data=st.data(),
)
def test_a_row_of_a_stream_is_judged_by_its_beginning_as_by_the_whole(
    account: str, order: str, end: str, data: st.DataObject
) -> None:
    """Whatever its schema, account and key."""
    value = codec(ENRICHED).encode(ROW.model_copy(update={"account": account, "order_id": order}))
    value = data.draw(st.sampled_from([value, value[:9], header(999) + value[5:], b"", None]))
    key = data.draw(st.sampled_from([f"{account}{end}".encode(), order.encode(), None]))
    judge = intake(ENRICHED)
    assert judge.is_trusting
    whole = judge.admit(key, value, PUBLISHED)
    read = [(0, PUBLISHED, key, value, Message())]
    may_land = judge.doubtful(read) == []
    assert PythonBeginnings(codec(ENRICHED).header, 1).doubtful(read) == judge.doubtful(read)
    assert not may_land or whole == value or len(value or b"") == 9


FACTS = [port for port in LANDED if not intake(port).is_trusting]


@pytest.mark.parametrize("port", FACTS, ids=lambda port: port.table)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_fact_that_is_not_doubted_lands_as_it_is(port: Port, data: st.DataObject) -> None:
    """Whatever is wrong with its bytes, its key or its time."""
    fact = data.draw(instances(port.record))
    value = bytearray(codec(port).encode(fact))
    for _ in range(data.draw(st.integers(0, 2))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    value = value[: data.draw(st.sampled_from([len(value), len(value) - 1]))]
    key = getattr(fact, "account", "k").encode() + data.draw(st.sampled_from([b"", b"@1", b"#1", b"x"]))
    moment = data.draw(st.integers(-(2**63), 2**63 - 1) | st.just(PUBLISHED) | st.just(2**45))
    judge = intake(port)
    if judge.doubtful([(0, moment, key, bytes(value), Message())]) == []:
        assert judge.admit(key, bytes(value), moment) == bytes(value)


@pytest.mark.parametrize("port", FACTS, ids=lambda port: port.table)
def test_the_usual_fact_is_not_doubted_by_compiled_code(port: Port) -> None:
    """And without it every one is, since then only the walk itself can tell."""
    changes = {"occurred_at": AT} if "occurred_at" in port.record.model_fields else {}
    right, poison = read(port, timestamp=PUBLISHED, **changes), read(port, value=b"poison")
    nothing = (0, PUBLISHED, b"k", None, Message())
    expected = [0, 1, 2, 3] if ROWS is None else [1, 2]
    assert intake(port).doubtful([right, poison, nothing, right]) == expected
