"""The publish SDK without a broker: what is stamped, what is refused and how it says so."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domains.customer.events import ActivitySummary, CustomerRecorded
from domains.product.events import ProductDescribed
from domains.sales.events import OrderPlaced, PaymentRecorded
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PublishError
from mesh.kernel.settings import Settings
from mesh.publish import Publisher, publisher
from mesh.publish.check import Checker
from mesh.publish.envelope import event_id_template, fact_fields, stamp, trace_id
from mesh.publish.outbox import Outbox
from schemas.codec import Codec
from schemas.wire import partition

MESH = find_mesh(Settings())
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PAYMENT: dict[str, Any] = {
    "source": "till",
    "seq": 3,
    "occurred_at": NOON,
    "transaction_id": "till:9",
    "order_id": "till:8",
    "account": "till:7",
    "transaction_at": NOON,
    "transaction_type": "Sale",
    "payment_method": "card",
    "transaction_status": "completed",
    "amount": Decimal("12.30"),
    "currency": "EUR",
    "fx_rate": Decimal(1),
}
LINE = {
    "line_number": 1,
    "product_id": "till:p",
    "quantity": 2,
    "unit_price": Decimal(5),
    "gross_amount": Decimal(10),
    "discount_amount": Decimal(1),
    "net_amount": Decimal(9),
}
ORDER: dict[str, Any] = {
    "source": "till",
    "seq": 1,
    "occurred_at": NOON,
    "order_id": "till:8",
    "account": "till:7",
    "ordered_at": NOON,
    "channel": "Online",
    "currency": "EUR",
    "fx_rate": Decimal(1),
    "subtotal_amount": Decimal(9),
    "tax_amount": Decimal(0),
    "shipping_amount": Decimal(0),
    "total_amount": Decimal(9),
    "lines": [LINE],
}


class Box:
    """An outbox that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.flushed = 0
        self.fault: PublishError | None = None

    def send(self, topic: str, key: bytes, value: bytes, *, partition: int) -> None:
        """One record."""
        self.sent.append((topic, key, value, partition))

    def flush(self) -> None:
        """Nothing waits; what went wrong is said."""
        self.flushed += 1
        if self.fault:
            raise self.fault


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Box:
    """The outbox of every publisher in a test."""
    box = Box()
    monkeypatch.setattr(publisher, "Outbox", lambda *_: box)
    monkeypatch.setattr(publisher, "schema_ids", lambda _settings: dict.fromkeys(MESH.ports, 4))
    return box


def test_an_event_goes_to_its_own_port_with_key_partition_and_envelope(box: Box) -> None:
    """The topic is the class's; key and partition are the contract's; the envelope is stamped."""
    with Publisher(Settings()) as mine:
        event_id = mine.publish(PaymentRecorded, PAYMENT, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    ((topic, key, value, where),) = box.sent
    assert (topic, key, where) == ("sales.public.payment-recorded.v1", b"till:7", partition(b"till:7", 4))
    fields = Codec.of_port(MESH.port(topic), 4).decode(value)
    assert fields["event_id"] == event_id == "till/PaymentRecorded/till:9#3"
    assert (fields["recorded_at"], fields["trace_id"]) == (NOON, TRACE)
    assert (mine.published, box.flushed) == (1, 1)


def test_a_complete_event_is_published_as_it_is(box: Box) -> None:
    """Its own id, time and trace hold."""
    event = PaymentRecorded(**PAYMENT, event_id="mine", recorded_at=NOON, trace_id="x")
    with Publisher(Settings()) as mine:
        assert mine.publish(event) == "mine"
    assert Codec.of_port(MESH.port(box.sent[0][0]), 4).decode(box.sent[0][2]) == event.model_dump()


def test_publish_checks_all_before_it_sends_the_first(box: Box) -> None:
    """So that a list of events is published as a whole or not at all."""
    good = PaymentRecorded(**PAYMENT, event_id="1", recorded_at=NOON)
    bad = good.model_copy(update={"transaction_type": "Gift"})
    with pytest.raises(PublishError, match="value-unknown"):
        publisher.publish(good, bad, settings=Settings())
    assert not box.sent
    publisher.publish(good, good, settings=Settings())
    assert (len(box.sent), box.flushed) == (2, 1)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"channel": None}, r"PublishError\[value-invalid\] OrderPlaced.channel: .*a valid string"),
        ({"total_amount": 9.0}, r"\[value-invalid\] OrderPlaced.total_amount: "),
        ({"seq": -1}, r"\[value-invalid\] OrderPlaced.seq: .*greater than or equal to 0"),
        ({"ordered_at": NOON.replace(tzinfo=None)}, r"\[value-invalid\] OrderPlaced.ordered_at: .*timezone"),
        ({"shop": "x"}, r"\[field-unknown\] OrderPlaced.shop: is not a field of the event; "),
        ({"total_amount": Decimal(8)}, r"\[value-equation\] OrderPlaced.total_amount: .*subtotal.*add up"),
        ({"currency": "eur"}, r"\[value-format\] OrderPlaced.currency: breaks the rule that .*; write it"),
        ({"lines": [{**LINE, "quantity": 0}]}, r"\[value-range\] OrderPlaced.lines.quantity: .*at least 1"),
        ({"lines": [{**LINE, "quantity": None}]}, r"\[value-invalid\] OrderPlaced.lines.quantity: "),
    ],
)  # fmt: skip
def test_a_refusal_names_event_field_rule_and_remedy(box: Box, change: dict[str, Any], line: str) -> None:
    """In one line; and nothing is sent."""
    with Publisher(Settings()) as mine:
        mine.publish(OrderPlaced, ORDER)
        with pytest.raises(PublishError, match=line) as refusal:
            mine.publish(OrderPlaced, {**ORDER, **change})
    assert "\n" not in str(refusal.value)
    assert len(box.sent) == 1


def test_a_missing_field_is_named_even_where_the_id_depends_on_it(box: Box) -> None:
    """The first thing missing, not a broken template."""
    with pytest.raises(PublishError, match=r"\[value-missing\] PaymentRecorded\.\w+: is not given; give it"):
        Publisher(Settings()).publish(PaymentRecorded, {key: PAYMENT[key] for key in PAYMENT if key != "seq"})


def test_no_refusal_repeats_what_belongs_to_a_person() -> None:
    """A refused value may be a name or an address."""
    values = {
        "source": "crm",
        "seq": 1,
        "account": "crm:1",
        "valid_from": NOON,
        "birth_date": "the 3rd of May",
    }
    with pytest.raises(PublishError) as by_contract:
        Checker(MESH).check(CustomerRecorded, stamp(MESH.port("customer.raw.customer-record.v1"), values))
    with pytest.raises(PublishError) as by_class:
        Checker(MESH).check(CustomerRecorded, {"first_name": b"Ada Lovelace"})
    assert "3rd" not in str(by_contract.value)
    assert "Ada" not in str(by_class.value)


def test_a_record_that_is_no_event_has_no_port() -> None:
    """Derived records are written by the streams alone."""
    with pytest.raises(PublishError, match="event-unknown"):
        Checker(MESH).port(ActivitySummary)  # type: ignore[arg-type]


def test_leaving_after_a_fault_flushes_and_tells_both(box: Box) -> None:
    """The block's own error stays the one that is raised."""
    box.fault = PublishError("undelivered", "1 record is not on the broker")
    with pytest.raises(PublishError, match="value-missing") as fault, Publisher(Settings()) as mine:
        mine.publish(PaymentRecorded, {})
    assert "undelivered" in fault.value.__notes__[0]
    with pytest.raises(PublishError, match="undelivered"), Publisher(Settings()):
        pass


def test_warnings_are_counted_and_published(box: Box) -> None:
    """A mistyped address must not cost the customer."""
    values = {
        "source": "crm",
        "seq": 1,
        "account": "crm:1",
        "valid_from": NOON,
        "email": "ada(at)example.org",
    }
    with Publisher(Settings()) as mine:
        mine.publish(CustomerRecorded, values)
    assert (mine.warnings, mine.published) == (1, 1)


def test_the_id_of_a_version_tells_its_start() -> None:
    """Two versions of a product are two facts; a revision of one is another statement."""
    port = MESH.port("product.public.product.v1")
    assert fact_fields(port) == ("product_id", "valid_from")
    assert event_id_template(port) == "{source}/ProductDescribed/{product_id}@{valid_from}#{seq}"
    values = {"source": "erp", "seq": 2, "product_id": "erp:1", "valid_from": NOON, "sku": "1", "name": "Tea"}
    stamped = stamp(port, values)
    assert stamped["event_id"] == "erp/ProductDescribed/erp:1@1714564800#2"
    assert stamped["occurred_at"] == stamped["recorded_at"] == NOON
    assert Checker(MESH).check(ProductDescribed, stamped)[1] == []


@pytest.mark.parametrize("header", ["", TRACE, f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-x-01"])
def test_a_traceparent_is_one_or_is_refused(header: str) -> None:
    """A wrong trace id would tie an event to a stranger's request."""
    with pytest.raises(PublishError, match="traceparent-invalid"):
        trace_id(header)


def test_what_the_broker_does_not_take_is_listed() -> None:
    """Nothing listens there: the outbox says which records are not delivered, and forgets them."""
    outbox = Outbox(Settings(kafka="127.0.0.1:1"), "test", timeout=0.5)
    outbox.send("sales.public.order-placed.v1", b"till:7", b"x")
    outbox.send_batch("sales.public.order-placed.v1", [{"key": b"till:8", "value": b"y", "partition": 1}])
    with pytest.raises(PublishError, match=r"undelivered\] 127.0.0.1:1: 2 records .*till:7 .*till:8"):
        outbox.flush()
    outbox.flush()


def test_a_record_that_is_too_large_is_refused_at_once() -> None:
    """By single record and by batch."""
    outbox = Outbox(Settings(kafka="127.0.0.1:1"), "test", timeout=0.5)
    with pytest.raises(PublishError, match="record-refused"):
        outbox.send("a.public.b.v1", b"k", bytes(2_000_000))
    with pytest.raises(PublishError, match="record-refused"):
        outbox.send_batch("a.public.b.v1", [{"key": b"k", "value": bytes(2_000_000), "partition": 0}])
