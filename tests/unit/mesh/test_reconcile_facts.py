"""Which records are facts: the oracle's own reading of what is valid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from domains.customer.events import SegmentAssigned
from domains.sales.events import OrderLine, OrderPlaced
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.reconcile.facts import Intake
from schemas.codec import Codec
from schemas.derive import avro_schema
from schemas.wire import SchemaUnknownError

PRESENT, OLDER = 7, 5
NOW = datetime(2024, 5, 1, tzinfo=UTC)
SCHEMA = avro_schema(OrderPlaced)
SEGMENT, SEGMENT_SCHEMA = 9, avro_schema(SegmentAssigned)


class Message(NamedTuple):
    """As much of a Kafka message as the oracle looks at."""

    given_key: bytes | None
    given_value: bytes | None
    moment: datetime = NOW

    def key(self) -> bytes | None:
        return self.given_key

    def value(self) -> bytes | None:
        return self.given_value

    def timestamp(self) -> tuple[int, int]:
        return 1, int(self.moment.timestamp() * 1000)

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 14


class Registry:
    """Knows the present schema of orders, one from before promised_at, and that of segments."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        if schema_id == PRESENT:
            return SCHEMA
        if schema_id == OLDER:
            return {**SCHEMA, "fields": [f for f in SCHEMA["fields"] if f["name"] != "promised_at"]}
        if schema_id == SEGMENT:
            return SEGMENT_SCHEMA
        raise SchemaUnknownError("no such schema")


@pytest.fixture
def intake() -> Intake:
    """The intake of orders."""
    port = find_mesh(Settings(home="nowhere")).port("sales.public.order-placed.v1")
    return Intake(port, SCHEMA, Registry())  # type: ignore[arg-type]


def value(**fields: Any) -> bytes:
    """A framed order of account ``s:1``."""
    price = Decimal("2.5000")
    bought = OrderLine(
        line_number=1,
        product_id="p",
        quantity=1,
        unit_price=price,
        gross_amount=price,
        discount_amount=Decimal(0),
        net_amount=price,
    )
    given = {
        **{"event_id": "e", "source": "s", "seq": 4, "occurred_at": NOW, "recorded_at": NOW, "order_id": "o"},
        **{
            "account": "s:1",
            "ordered_at": NOW,
            "channel": "Online",
            "currency": "EUR",
            "fx_rate": Decimal("1.5"),
        },
        **{"subtotal_amount": price, "tax_amount": Decimal("-0.0001"), "shipping_amount": Decimal(0)},
        **{"total_amount": price, "shipping_address": "Straße 1", "lines": [bought]},
    }
    return bytes(Codec(OrderPlaced, PRESENT).encode(OrderPlaced(**{**given, **fields})))


def test_valid_record_becomes_plain_values(intake: Intake) -> None:
    """Money and rates in units of their last place, moments in microseconds, personal text as bytes."""
    row = intake.admit(Message(b"s:1", value()))
    assert row is not None
    assert (row["fx_rate"], row["tax_amount"], row["lines"][0]["net_amount"]) == (150_000_000, -1, 25_000)
    assert (row["ordered_at"], row["seq"]) == (int(NOW.timestamp()) * 1_000_000, 4)
    assert row["shipping_address"] == "Straße 1".encode()
    assert (row["_partition"], row["_offset"]) == (3, 14)


@pytest.mark.parametrize(
    "bad",
    [
        Message(b"s:1", None),
        Message(b"s:1", b""),
        Message(b"s:1", b"\x01" + value()[1:]),
        Message(b"s:1", value()[:1] + (99).to_bytes(4, "big") + value()[5:]),
        Message(b"s:1", value()[:-1]),
        Message(b"s:1", value() + b"\x00"),
        Message(None, value()),
        Message(b"s:2", value()),
        Message(b"s:11", value()),
        Message(b"s:1", value(occurred_at=NOW + timedelta(days=1, milliseconds=1))),
    ],
    ids=["no-value", "empty", "frame", "schema", "short", "long", "no-key", "key", "key-longer", "ahead"],
)
def test_invalid_record_is_no_fact(intake: Intake, bad: Message) -> None:
    """Each way of being invalid by rule 2."""
    assert intake.admit(bad) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "good",
    [Message(b"s:1@17#0", value()), Message(b"s:1", value(occurred_at=NOW + timedelta(days=1)))],
    ids=["key-with-more", "a-day-ahead"],
)
def test_edge_of_validity_is_a_fact(intake: Intake, good: Message) -> None:
    """A key may go on after @; exactly one day ahead is allowed."""
    assert intake.admit(good) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "valid"), [(b"g:1", True), (b"g:12", False), (None, False)])
def test_a_segment_is_a_fact_under_its_golden_id(key: bytes | None, valid: bool) -> None:
    """Under another key it may lie in a partition where its customer is not."""
    told = {"customer_id": "g:1", "segment": "Lost buyers", "week": "2024-W10", "run": "0123456789ab"}
    event = SegmentAssigned(event_id="e", source="s", seq=4, occurred_at=NOW, recorded_at=NOW, **told)
    port = find_mesh(Settings(home="nowhere")).port("customer.public.segment-assigned.v1")
    framed = bytes(Codec(SegmentAssigned, SEGMENT).encode(event))
    assert (Intake(port, SEGMENT_SCHEMA, Registry()).admit(Message(key, framed)) is not None) == valid


def test_record_of_an_older_schema_is_read_with_defaults(intake: Intake) -> None:
    """What an older version did not have is null."""
    # promised_at is null here: one byte, between the order's fx_rate and its requested shipping method
    framed = value(promised_at=None, requested_shipping_method="drone")
    place = framed.index(b"\x02\x0adrone") - 1
    assert framed[place] == 0
    older = framed[:1] + OLDER.to_bytes(4, "big") + framed[5:place] + framed[place + 1 :]
    row = intake.admit(Message(b"s:1", older))  # type: ignore[arg-type]
    assert row is not None
    assert (row["promised_at"], row["requested_shipping_method"], row["fx_rate"]) == (
        None,
        "drone",
        150_000_000,
    )
