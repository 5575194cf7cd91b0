"""Dead letters: written with all that a redrive needs, and landed whatever their headers are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message

from mesh.kernel.errors import StreamError
from sinks.dead_letters import COLUMNS, Parking, Refused, row
from sinks.intake import Refusal
from tests.unit.sinks.samples import PRODUCTS

PUBLISHED = 1_700_000_000_123
COMPLETE = {
    "mesh-topic": "sales.public.order-placed.v1",
    "mesh-partition": "-1",
    "mesh-offset": "12",
    "mesh-consumer": "ingest",
    "mesh-file": "orders.csv",
    "mesh-row": "12",
    "mesh-code": "type-wrong",
    "mesh-reason": "not a number",
    "mesh-schema-id": "3",
    "mesh-version": "0.1.0",
    "mesh-first-seen": "2026-01-02T03:04:05+00:00",
    "mesh-attempts": "2",
}


def landed(
    headers: dict[str, str] | list[tuple[str, bytes | None]] | None,
    key: bytes | None = None,
    value: bytes | None = None,
) -> dict[str, Any]:
    """The row of a dead letter with these headers, by column."""
    pairs = [(k, v.encode()) for k, v in headers.items()] if isinstance(headers, dict) else headers
    found = row("sales.dead.order-placed.v1", 2, (77, PUBLISHED, key, value, Message(headers=pairs)))
    return dict(zip(COLUMNS, found, strict=True))


def test_a_complete_dead_letter_keeps_everything() -> None:
    """Each header in its column, key and value as they were."""
    found = landed(COMPLETE, key=b"\xffk", value=b"\x00v")
    assert found == {
        "topic": "sales.public.order-placed.v1",
        "partition": -1,
        "offset": 12,
        "consumer": "ingest",
        "file": "orders.csv",
        "code": "type-wrong",
        "reason": "not a number",
        "schema_id": 3,
        "code_version": "0.1.0",
        "first_seen": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "attempts": 2,
        "key": b"\xffk",
        "value": b"\x00v",
        "dead_topic": "sales.dead.order-placed.v1",
        "dead_partition": 2,
        "dead_offset": 77,
    }


@pytest.mark.parametrize("headers", [None, [], [("mesh-topic", None)], [("mesh-offset", b"")]])
def test_a_dead_letter_without_headers_lands_too(headers: list[tuple[str, bytes | None]] | None) -> None:
    """Anyone may write there; nobody may stop the sink by it."""
    found = landed(headers)
    assert (found["topic"], found["partition"], found["offset"], found["schema_id"]) == ("", -1, -1, None)
    assert found["first_seen"] == datetime.fromtimestamp(PUBLISHED / 1000, UTC)
    assert (found["key"], found["value"]) == (b"", b"")


@pytest.mark.parametrize(
    ("name", "text", "column", "value"),
    [
        ("mesh-offset", b"--1", "offset", -1),
        ("mesh-offset", "²".encode(), "offset", -1),
        ("mesh-offset", b"9" * 30, "offset", -1),
        ("mesh-partition", b"4294967296", "partition", -1),
        ("mesh-schema-id", b"-5", "schema_id", None),
        ("mesh-attempts", b"many", "attempts", 0),
        ("mesh-reason", b"\xff\xfe", "reason", "\ufffd\ufffd"),
        ("mesh-first-seen", b"9999-99-99", "first_seen", datetime.fromtimestamp(PUBLISHED / 1000, UTC)),
        ("mesh-first-seen", b"2026-01-02T03:04:05", "first_seen", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("mesh-first-seen", b"0001-01-01", "first_seen", datetime.fromtimestamp(PUBLISHED / 1000, UTC)),
    ],
)
def test_an_odd_header_has_a_value_that_fits_its_column(
    name: str, text: bytes, column: str, value: object
) -> None:
    """Never an exception, and never a number that the warehouse cannot hold."""
    assert landed([(name, text)])[column] == value


class Broker:
    """Stands in for a producer: keeps what is produced, and says ``error`` of it."""

    def __init__(self, error: KafkaError | None = None, left: int = 0) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self._error, self._left = error, left

    def produce(self, topic: str, value: Any, key: Any, headers: Any, on_delivery: Any) -> None:
        """Take a record."""
        self.sent.append((topic, key, value, headers))
        on_delivery(self._error, None)

    def flush(self, timeout: float) -> int:
        """How many are still under way."""
        return self._left


def refused(value: bytes | None) -> Refused:
    """A record and why it may not land."""
    return Refused(1, (5, 0, b"k", value, Message()), Refusal("undecodable", "no frame"))


@pytest.mark.parametrize(
    ("value", "writer"), [(None, None), (b"", None), (b"\x00\x00\x00\x00\x07x", 7), (b"garbage", None)]
)
def test_what_is_parked_reads_back_as_its_row(value: bytes | None, writer: int | None) -> None:
    """The sink's own dead letters, through the broker's bytes and back."""
    broker = Broker()
    Parking(broker, limit=9).park(PRODUCTS.topic, [refused(value)])
    [(topic, key, sent, headers)] = broker.sent
    assert (topic, key, sent) == (PRODUCTS.dead_letters, b"k", value)
    found = landed(headers, key=key, value=sent)
    assert (found["topic"], found["partition"], found["offset"]) == (PRODUCTS.topic, 1, 5)
    assert (found["code"], found["reason"], found["schema_id"]) == ("undecodable", "no frame", writer)
    assert (found["consumer"], found["attempts"]) == ("mesh.sink", 1)


@pytest.mark.parametrize("broker", [Broker(KafkaError(KafkaError._MSG_TIMED_OUT)), Broker(left=1)])
def test_a_dead_letter_that_is_not_on_the_broker_stops_the_sink(broker: Broker) -> None:
    """So its offset is not committed and it is read again."""
    with pytest.raises(StreamError, match="parking-failed"):
        Parking(broker, limit=9).park(PRODUCTS.topic, [refused(b"")])


def test_too_many_within_a_minute_stop_the_sink() -> None:
    """With none of the last ones written."""
    broker = Broker()
    parking = Parking(broker, limit=3)
    parking.park(PRODUCTS.topic, [refused(b"")] * 3)
    with pytest.raises(StreamError, match="dead-letter-limit"):
        parking.park(PRODUCTS.topic, [refused(b"")])
    assert len(broker.sent) == 3
