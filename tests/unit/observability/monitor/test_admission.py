"""What counts in stream is what lands: the same records, by the same rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mesh.kernel.broker import Place
from mesh.kernel.contract import Port
from mesh.kernel.holding import REDRIVE, RELEASE
from observability.monitor.admission import Admission
from schemas.wire import header
from sinks.intake import Intake, Refusal
from tests.unit.observability.monitor import topics
from tests.unit.sinks.samples import CUSTOMERS, MESH, ORDERS, PRODUCTS, SCHEMA_ID, codec, codecs, record

RAW = MESH.port("customer.raw.customer-record.v1")
ENRICHED = MESH.port("sales.public.orders-enriched.v1")


def admission(port: Port) -> Admission:
    """That of a port, whose registry knows no schema but its own."""
    return Admission(port, SCHEMA_ID, codecs())


def message(port: Port, key: bytes | None, value: bytes | None, offset: int = 0, headers: Any = None) -> Any:
    """A record of a port's topic."""
    return topics.message(Place(port.topic, 0), offset, key=key, value=value, headers=headers)


@pytest.mark.parametrize("port", [RAW, CUSTOMERS, PRODUCTS, ORDERS], ids=lambda port: port.topic)
def test_what_may_not_land_does_not_count(port: Port) -> None:
    """Cut short, of an unknown schema, without a value, under another's key, or ahead of its time."""
    made = record(port)
    key, value = port.key_of(made.model_dump()).encode(), codec(port).encode(made)
    ahead = record(port, occurred_at=datetime(2090, 1, 1, tzinfo=UTC))
    cases = [
        (key, value),
        (key, None),
        (key, b""),
        (key, value[:-1]),
        (key, value + b"\0"),
        (key, b"\1" + value[1:]),
        (key, header(99) + value[5:]),
        (b"nobody", value),
        (None, value),
        (key, codec(port).encode(ahead)),
    ]
    sink = Intake(port, SCHEMA_ID, codecs())
    landing = [not isinstance(sink.admit(key, value, 1_700_000_000_000), Refusal) for key, value in cases]
    assert [admission(port).admit(message(port, *case)) is not None for case in cases] == landing
    assert landing[:7] == [True, *[False] * 6]


def test_fields_come_in_clear() -> None:
    """With the types of the event."""
    made = record(RAW, email="ada@example.org")
    key = RAW.key_of(made.model_dump()).encode()
    fields = admission(RAW).admit(message(RAW, key, codec(RAW).encode(made)))
    assert fields is not None
    assert fields["email"] == "ada@example.org"
    assert RAW.record(**fields) == made


def test_what_waits_behind_an_invalid_record_counts_when_it_is_released() -> None:
    """On a topic whose key stands for several facts in order; other keys go on."""
    made = record(RAW)
    key, value = RAW.key_of(made.model_dump()).encode(), codec(RAW).encode(made)
    other = record(RAW, account="s:other")
    other_value = codec(RAW).encode(other)
    reads = admission(RAW)
    release = [(REDRIVE, b"r1"), (RELEASE, b"1")]
    log = [
        (key, value[:-1], None),
        (key, value, None),
        (b"s:other", other_value, None),
        (key, None, release),
        (key, value, None),
    ]
    counted = [
        reads.admit(message(RAW, one, body, offset, headers)) is not None
        for offset, (one, body, headers) in enumerate(log)
    ]
    assert counted == [False, False, True, False, True]


def test_a_record_that_only_clears_an_old_row_does_not_count() -> None:
    """It says nothing about its entity: its version has no registers."""
    row = record(ENRICHED, version=b"\xff" * 16 + b"\0" * 8 + b"\xff" * 8)
    telling = record(ENRICHED, version=b"\xff" * 32)
    reads = admission(ENRICHED)

    def counts(made: Any) -> bool:
        key = made.model_dump()[ENRICHED.keyed_by or ""].encode()
        return reads.admit(message(ENRICHED, key, codec(ENRICHED).encode(made))) is not None

    assert (counts(row), counts(telling)) == (False, True)
