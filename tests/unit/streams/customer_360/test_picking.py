"""Picking fields out of wide records."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.wire import UndecodableError
from streams.customer_360 import summary, topics
from streams.customer_360.line import FIELDS
from streams.customer_360.picking import Picker
from streams.customer_360.reading import Reader
from tests.unit.streams.customer_360.conftest import Worker
from tests.unit.streams.customer_360.flow import CODECS, NoResolver
from tests.unit.streams.customer_360.test_accounts import line, payment
from tests.unit.streams.customer_360.world import START, customer

READER = Reader(CODECS[topics.LINE], NoResolver())
LINES = Picker(READER, FIELDS)
SUMMARIES = Picker(Reader(CODECS[topics.ACTIVITY], NoResolver()), summary.FIELDS)
TEXT = st.text(max_size=200)


@settings(deadline=None)
@given(TEXT, st.none() | TEXT, st.none() | TEXT, st.integers(-(2**40), 2**40))
def test_picked_fields_are_those_that_a_reader_finds(
    product: str, name: str | None, address: str | None, quantity: int
) -> None:
    """Whether the pattern knows the form or not: long texts, texts beyond ASCII."""
    fact = line(product_id=product, product_name=name, shipping_address=address, quantity=quantity)
    value = CODECS[topics.LINE].encode(fact)
    read = READER.read(value)
    assert LINES.pick(value) == tuple(read.raw(field) for field in FIELDS)


@settings(deadline=None)
@given(TEXT, st.none() | TEXT)
def test_fields_of_nested_records_are_found(city: str, email: str | None) -> None:
    """Those of the customer in a summary, one by one and as a run."""
    worker = Worker()
    shown = {**customer("crm:1", START, 3, "Ada"), "city": city, "email": email}
    worker.put(topics.PAYMENT, payment())
    worker.put(topics.CUSTOMER, shown)
    codec = CODECS[topics.CUSTOMER]
    read = Reader(codec, NoResolver()).read(codec.encode(shown))
    picked: dict[str, Any] = dict(
        zip(summary.FIELDS, SUMMARIES.pick(worker.written[-1][3] or b""), strict=True)
    )
    assert picked["summary.customer.seq"] == read.raw("seq")
    assert picked["summary.customer.account"] == read.raw("account")
    start, end = (read.offsets[read.position[name]] for name in ("customer_type", "golden_id"))
    assert picked["summary.customer." + summary.SHOWN] == read.value[start:end]
    assert picked["summary.transactions"] == b"\x02"


def test_a_record_that_is_null_has_no_fields() -> None:
    """Each of its fields is None."""
    worker = Worker()
    worker.put(topics.PAYMENT, payment())
    picked = SUMMARIES.pick(worker.written[-1][3] or b"")
    assert picked[-5:-1] == (None, None, None, None)


def test_fields_are_asked_for_in_their_order() -> None:
    """Another order would silently mix them up."""
    with pytest.raises(ValueError, match="order of the record"):
        Picker(READER, ("account", "order_id"))
    with pytest.raises(ValueError, match="order of the record"):
        Picker(READER, ("order_id", "no_such_field"))


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 255))
def test_damage_is_found_or_does_not_matter(place: int, byte: int) -> None:
    """A changed byte gives a record that still has its length, or is refused."""
    value = bytearray(CODECS[topics.LINE].encode(line(shipping_address="x" * 300)))
    value[5 + place % (len(value) - 5)] = byte
    try:
        picked = LINES.pick(bytes(value))
    except UndecodableError:
        return
    assert len(picked) == len(FIELDS)
