"""Encoding and decoding, against the reference implementation of Avro."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from typing import Any

import avro.io
import avro.schema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domains.customer.events import AccountActivity, ActivitySummary, CustomerMastered, CustomerRecorded
from domains.sales.events import OrderLineEnriched, OrderPlaced, PaymentRecorded
from mesh.kernel.discovery import find_mesh
from mesh.kernel.event import Record
from schemas.codec import Codec, read_body
from schemas.wire import HEADER_SIZE, UndecodableError, header
from tests.unit.schemas.records import CUSTOMER, NOON, PAYMENT, every_record, instances

payments = Codec(PaymentRecorded, 7)
customers = Codec(CustomerRecorded, 3)


@pytest.mark.parametrize("record_type", every_record(), ids=lambda record: record.full_name())
@given(data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_random_records_come_back(record_type: type[Record], data: st.DataObject) -> None:
    """Decode undoes encode, and the reference implementation of Avro reads the same."""
    record = data.draw(instances(record_type))
    codec = Codec(record_type, 1)
    value = codec.encode(record)
    decoded = codec.decode(value)
    assert decoded == record.model_dump()
    assert record_type(**decoded) == record
    assert codec.encode(record.model_dump()) == value
    body = avro.io.BinaryDecoder(BytesIO(value[HEADER_SIZE:]))
    reference = avro.io.DatumReader(avro.schema.parse(json.dumps(codec.schema))).read(body)
    assert read_body(value, codec.parsed) == reference


def test_bytes_are_those_of_the_rules() -> None:
    """A frame and a body, written out by hand from Avro's specification."""
    noon = _long(1404129600123456)
    parts = [
        "00 00000007",  # magic, schema id
        "04 6531  04 6177  00",  # event_id, source, seq
        noon.hex(),
        noon.hex(),
        "00",  # trace_id: the first branch of the union
        "08 61773a31  08 61773a31  08 61773a32",  # transaction_id, order_id, account
        noon.hex(),
        "08 53616c65  08 43617264  12 636f6d706c65746564",  # type, method, status
        "06 fe1dc6",  # amount: 3 bytes, -123450
        "06 555344",
        "08 05f5e100",  # fx_rate: 4 bytes, 100000000
    ]
    assert payments.encode(PAYMENT) == bytes.fromhex("".join(parts))


def _long(number: int) -> bytes:
    """Avro's zigzag varint, written apart from the code under test."""
    number = (number << 1) ^ (number >> 63)
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])


def test_a_field_left_out_takes_its_default() -> None:
    """Null where the schema says so; what has no default must be there."""
    assert customers.decode(customers.encode(CUSTOMER))["city"] is None
    with pytest.raises(ValueError, match="account"):
        customers.encode({name: value for name, value in CUSTOMER.items() if name != "account"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 1.5),
        ("amount", "1.5"),
        ("amount", 2),
        ("amount", Decimal("1.23456")),
        ("amount", Decimal("123456789012345.0000")),
        ("amount", Decimal("1E+15")),
        ("amount", Decimal("NaN")),
        ("amount", Decimal("Infinity")),
        ("occurred_at", NOON.replace(tzinfo=None)),
        ("seq", "1"),
        ("seq", 2**63),
        ("seq", None),
        ("account", None),
        ("account", b"aw:2"),
        ("unknown", 1),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(field: str, value: Any) -> None:
    """Nothing is rounded, converted, or left out silently."""
    with pytest.raises(ValueError, match="PaymentRecorded"):
        payments.encode({**PAYMENT, field: value})


def test_an_unknown_field_of_a_nested_record_is_refused() -> None:
    """Strictness reaches as deep as records do."""
    codec = Codec(OrderPlaced, 1)
    with pytest.raises(ValueError, match="colour"):
        codec.encode({**_order(), "lines": [{**_line(), "colour": "red"}]})
    assert codec.decode(codec.encode({**_order(), "lines": [_line()]}))["lines"] == [
        {**_line(), "promotion_id": None}
    ]


def _line() -> dict[str, Any]:
    amounts = ("unit_price", "gross_amount", "discount_amount", "net_amount")
    return {
        "line_number": 1,
        "product_id": "aw:1",
        "quantity": 1,
        **dict.fromkeys(amounts, Decimal("1.0000")),
    }


def _order() -> dict[str, Any]:
    amounts = ("subtotal_amount", "tax_amount", "shipping_amount", "total_amount", "fx_rate")
    shared = ("event_id", "source", "seq", "occurred_at", "recorded_at", "order_id", "account", "currency")
    return {
        **{name: PAYMENT[name] for name in shared},
        "ordered_at": NOON,
        "channel": "Online",
        **dict.fromkeys(amounts, Decimal(1)),
    }


def test_moments_of_other_zones_are_the_same_moments() -> None:
    """An aware datetime is stored in UTC, to the microsecond."""
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-7)))
    assert payments.encode({**PAYMENT, "occurred_at": elsewhere}) == payments.encode(PAYMENT)


def test_moments_before_1970_are_exact() -> None:
    """Negative times count down to the microsecond too."""
    early = datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert payments.decode(payments.encode({**PAYMENT, "occurred_at": early}))["occurred_at"] == early
    day = date(1900, 1, 1)
    assert customers.decode(customers.encode({**CUSTOMER, "registered_on": day}))["registered_on"] == day


def test_every_cut_value_is_undecodable() -> None:
    """Wherever a value is cut off, it is told from a whole one."""
    value = payments.encode(PAYMENT)
    for length in range(len(value)):
        with pytest.raises(UndecodableError):
            payments.decode(value[:length])


def test_trailing_bytes_are_undecodable() -> None:
    """A body that is longer than its schema is another schema's."""
    with pytest.raises(UndecodableError, match="1 bytes after"):
        payments.decode(payments.encode(PAYMENT) + b"\x00")


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_random_bytes_are_undecodable_or_a_record(body: bytes) -> None:
    """Whatever comes, no other error leaves the codec: a consumer parks it and goes on."""
    for codec in (payments, customers, Codec(OrderPlaced, 7)):
        try:
            codec.decode(codec.header + body)
        except UndecodableError:
            continue


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_value_is_undecodable_or_a_record(data: st.DataObject) -> None:
    """The same for values with one byte changed, which get further."""
    value = bytearray(payments.encode(PAYMENT))
    value[data.draw(st.integers(HEADER_SIZE, len(value) - 1))] = data.draw(st.integers(0, 255))
    try:
        payments.decode(bytes(value))
    except UndecodableError:
        return


def test_a_decimal_that_is_too_wide_is_undecodable() -> None:
    """It is not rounded to 18 digits, as Avro libraries do."""
    value = payments.encode(PAYMENT)
    wide = (10**18).to_bytes(8, "big", signed=True)
    broken = value.replace(b"\x06\xfe\x1d\xc6", b"\x10" + wide)
    assert broken != value
    with pytest.raises(UndecodableError, match="18 digits"):
        payments.decode(broken)


def test_another_schema_id_is_refused() -> None:
    """A codec reads its own schema only; Codecs reads the others."""
    with pytest.raises(UndecodableError, match="schema id 8"):
        payments.decode(header(8) + payments.encode(PAYMENT)[HEADER_SIZE:])


@pytest.mark.usefixtures("tagging")
def test_personal_fields_pass_through_the_seam() -> None:
    """They are protected for the person that the contract names, and nothing else is."""
    codec = Codec.of_port(find_mesh().port("customer.raw.customer-record.v1"), 1)
    on_the_wire = read_body(codec.encode({**CUSTOMER, "city": "Ghent"}), codec.parsed)
    assert on_the_wire["first_name"] == "aw:2|first_name|Zoë".encode()
    assert on_the_wire["last_name"] is None
    assert on_the_wire["city"] == "Ghent"
    assert codec.decode(codec.encode(CUSTOMER))["first_name"] == "Zoë"


@pytest.mark.usefixtures("tagging")
def test_each_personal_field_has_its_own_person() -> None:
    """A row with the names of two people protects each for its own."""
    codec = Codec.of_port(find_mesh().port("sales.public.orders-enriched.v1"), 1)
    row: dict[str, Any] = dict.fromkeys(OrderLineEnriched.model_fields)
    row |= {name: value for name, value in {**_order(), **_line()}.items() if name in row}
    row |= {"returned_quantity": 0, "return_count": 0, "returned_amount": Decimal(0)}
    row |= {"version": bytes(32), "is_deleted": False, "employee_id": "aw:e7"}
    row |= {"employee_first_name": "Jae", "customer_first_name": "Zoë"}
    on_the_wire = read_body(codec.encode(row), codec.parsed)
    assert on_the_wire["employee_first_name"] == b"aw:e7|employee_first_name|Jae"
    assert on_the_wire["customer_first_name"] == "aw:2|customer_first_name|Zoë".encode()


@pytest.mark.usefixtures("tagging")
def test_nested_personal_fields_pass_through_the_seam() -> None:
    """However deep, in records and in mappings alike."""
    zero = Decimal("0.0000")
    counts: dict[str, Any] = {
        name: zero if field.annotation is Decimal else 0
        for name, field in ActivitySummary.model_fields.items()
        if field.is_required()
    }
    summary = ActivitySummary(**counts, customer=CustomerMastered(**CUSTOMER, golden_id="g1"))
    activity = AccountActivity(
        golden_id="g1",
        account="aw:2",
        membership_seq=1,
        is_member=True,
        facet="summary",
        facet_id="",
        units=0,
        net=zero,
        summary=summary,
        version=bytes(32),
    )
    codec = Codec.of_port(find_mesh().port("customer.private.account-activity.v1"), 1)
    for record in (activity, activity.model_dump()):
        value = codec.encode(record)
        assert read_body(value, codec.parsed)["summary"]["customer"]["email"] == b"aw:2|email|zoe@example.org"
        assert codec.decode(value)["summary"]["customer"]["email"] == "zoe@example.org"


def test_personal_bytes_that_cannot_be_revealed_are_undecodable() -> None:
    """The reason names no value."""
    value = customers.encode(CUSTOMER).replace("Zoë".encode(), b"\xff\xfe\xfd\xfc")
    with pytest.raises(UndecodableError, match="personal field"):
        customers.decode(value)


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        ("01 80", "-0.0128"),
        ("02 ff80", "-0.0128"),
        ("03 000001", "0.0001"),
        ("01 01", "0.0001"),
        ("00", "0.0000"),
    ],
)
def test_decimals_of_any_length_are_read(raw: str, amount: str) -> None:
    """Java writes -128 in one byte and fastavro in two; a leading sign byte changes nothing."""
    size, *digits = bytes.fromhex(raw)
    value = payments.encode(PAYMENT).replace(b"\x06\xfe\x1d\xc6", bytes([size * 2, *digits]))
    assert payments.decode(value)["amount"] == Decimal(amount)
