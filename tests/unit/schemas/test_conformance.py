"""What a publisher in another language is told about its records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domains.sales.events import PaymentRecorded
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from schemas.codec import Codec
from schemas.conformance import check_record
from schemas.derive import avro_schema
from schemas.wire import SchemaUnknownError, partition

NOON = datetime(2014, 6, 30, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
ACCOUNT = "aw:29825"
PAYMENT: dict[str, Any] = {
    "event_id": "aw/PaymentRecorded/aw:1#0",
    "source": "aw",
    "seq": 0,
    "occurred_at": NOON,
    "recorded_at": NOON,
    "transaction_id": "aw:1",
    "order_id": "aw:1",
    "account": ACCOUNT,
    "transaction_at": NOON,
    "transaction_type": "Sale",
    "payment_method": "Credit Card",
    "transaction_status": "completed",
    "amount": Decimal("12.3450"),
    "currency": "USD",
    "fx_rate": Decimal(1),
}
RIGHT = partition(ACCOUNT.encode(), 4)


class Registry:
    """A registry that knows one schema."""

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The payment's schema, as id 7."""
        if schema_id != 7:
            raise SchemaUnknownError(f"the registry has no schema with id {schema_id}")
        return avro_schema(PaymentRecorded)


@pytest.fixture
def port() -> Port:
    """The port of payments."""
    return find_mesh().port("sales.public.payment-recorded.v1")


def _value(port: Port, **changes: Any) -> bytes:
    return Codec.of_port(port, 7).encode({**PAYMENT, **changes})


def test_a_right_record_has_no_fault(port: Port) -> None:
    """With and without a registry."""
    for schemas in (None, Registry()):
        assert (
            check_record(port, ACCOUNT.encode(), _value(port), RIGHT, timestamp_ms=NOON_MS, schemas=schemas)
            == []
        )


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (None, "the key is missing"),
        (b"aw:1", "the key is 'aw:1', not 'aw:29825'"),
        (b"\x00\x00\x00\x00\x07\x10aw:29825", "without Avro"),
        (b"\xff", "send {account} as UTF-8 text"),
    ],
)
def test_a_wrong_key_is_told(port: Port, key: bytes | None, told: str) -> None:
    """With what it should be."""
    (line,) = check_record(port, key, _value(port), RIGHT)
    assert told in line


def test_a_wrong_partition_is_told(port: Port) -> None:
    """The sign of a client with another partitioner."""
    (line,) = check_record(port, ACCOUNT.encode(), _value(port), (RIGHT + 1) % 4)
    assert f"the partition is {(RIGHT + 1) % 4}, not {RIGHT}" in line
    assert "murmur2(account) mod 4" in line


def test_keys_of_versions_are_checked() -> None:
    """Dimensions have a key for each version and revision, and one partition."""
    port = find_mesh().port("sales.public.promotion-announced.v1")
    event = {name: PAYMENT[name] for name in ("event_id", "source", "seq", "occurred_at", "recorded_at")}
    event |= {"promotion_id": "aw:2", "valid_from": NOON, "name": "Sale", "starts_at": NOON}
    value = Codec.of_port(port, 1).encode({**event, "discount_rate": Decimal("0.1")})
    key = f"aw:2@{int(NOON.timestamp())}#0".encode()
    assert check_record(port, key, value, 0) == []
    assert "one partition" in check_record(port, key, value, 1)[0]
    assert "the key is 'aw:2'" in check_record(port, b"aw:2", value, 0)[0]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "empty"),
        (b"", "no Confluent frame"),
        (json.dumps({"order_id": "1"}).encode(), "no Confluent frame"),
        (b"\x00\x00\x00\x00\x07", "not Avro of its schema"),
    ],
)
def test_a_value_that_cannot_be_read_is_told(port: Port, value: bytes | None, told: str) -> None:
    """And nothing else is, since nothing else is known."""
    (line,) = check_record(port, ACCOUNT.encode(), value, RIGHT)
    assert told in line


def test_trailing_bytes_are_told(port: Port) -> None:
    """A field too many, or the wrong schema id."""
    (line,) = check_record(port, ACCOUNT.encode(), _value(port) + b"\x00", RIGHT)
    assert "1 bytes after its last field" in line


def test_an_unknown_schema_id_is_told(port: Port) -> None:
    """With the subject that has the right ones."""
    value = Codec.of_port(port, 8).encode(PAYMENT)
    (line,) = check_record(port, ACCOUNT.encode(), value, RIGHT, schemas=Registry())
    assert "no schema with id 8" in line
    assert "sales.public.payment-recorded.v1-value" in line


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"event_id": ""}, "event_id: "),
        ({"seq": -1}, "seq: "),
        ({"transaction_status": "done"}, "transaction_status: not so"),
    ],
)
def test_broken_rules_are_told(port: Port, changes: dict[str, Any], told: str) -> None:
    """Those of the event class and those of the contract."""
    (line,) = check_record(port, ACCOUNT.encode(), _value(port, **changes), RIGHT)
    assert line.startswith(told)


def test_a_fact_ahead_of_its_publishing_is_told(port: Port) -> None:
    """By more than a day; such a record would be parked."""
    for days, faults in ((1, 0), (1.001, 1)):
        value = _value(port, occurred_at=NOON + timedelta(days=days))
        found = check_record(port, ACCOUNT.encode(), value, RIGHT, timestamp_ms=NOON_MS)
        assert len(found) == faults


def test_all_faults_are_told_at_once(port: Port) -> None:
    """So that a publisher need not find them one by one."""
    found = check_record(port, b"x", _value(port, source=""), (RIGHT + 1) % 4)
    assert [line.split()[0] + " " + line.split()[1] for line in found[:2]] == ["the key", "the partition"]
    assert found[2].startswith("source: ")


def test_no_personal_value_is_told() -> None:
    """Faults name fields, not people."""
    port = find_mesh().port("customer.raw.customer-record.v1")
    event = {name: PAYMENT[name] for name in ("source", "seq", "occurred_at", "recorded_at", "account")}
    event |= {"event_id": "", "valid_from": NOON, "first_name": "Canary", "birth_date": "Canary"}
    found = check_record(port, b"x", Codec.of_port(port, 1).encode({**event, "email": "Canary"}), 0)
    assert found
    assert not any("Canary" in line for line in found)
