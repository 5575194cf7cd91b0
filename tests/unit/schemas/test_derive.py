"""Avro schemas derived from record classes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, ClassVar

import avro.schema
import fastavro
import pytest
from pydantic import Field

from domains.customer.events import AccountActivity, CustomerMastered, CustomerRecorded
from domains.sales.events import OrderLineEnriched, OrderPlaced
from mesh.kernel.errors import ContractError
from mesh.kernel.event import ENVELOPE, Event, Money, Personal, Record, Version
from schemas.derive import avro_schema
from tests.unit.schemas.records import every_record

EVERY_RECORD = every_record()


def _fields(record: type[Record]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in avro_schema(record)["fields"]}


@pytest.mark.parametrize("record", EVERY_RECORD, ids=lambda record: record.full_name())
def test_both_avro_libraries_read_the_schema(record: type[Record]) -> None:
    """The reference implementation and the fast one accept the schema of every record class."""
    schema = avro_schema(record)
    assert avro.schema.parse(json.dumps(schema)).fullname == record.full_name()
    assert fastavro.parse_schema(schema)["name"] == record.full_name()


@pytest.mark.parametrize("record", EVERY_RECORD, ids=lambda record: record.full_name())
def test_fields_stand_in_the_order_of_the_class(record: type[Record]) -> None:
    """The order on the wire is that of the class, and an event's envelope comes first."""
    names = list(_fields(record))
    assert names == list(record.model_fields)
    if issubclass(record, Event):
        assert tuple(names[: len(ENVELOPE)]) == ENVELOPE


@pytest.mark.parametrize("record", EVERY_RECORD, ids=lambda record: record.full_name())
def test_every_record_and_field_has_a_doc(record: type[Record]) -> None:
    """Docs of class and fields are carried over, in one line each."""
    schema = avro_schema(record)
    for documented in [schema, *schema["fields"]]:
        assert documented["doc"]
        assert documented["doc"] == " ".join(documented["doc"].split())


def test_the_parents_fields_come_first() -> None:
    """A subclass has its parent's fields, in their order, before its own."""
    assert list(_fields(CustomerMastered)) == [*_fields(CustomerRecorded), "golden_id"]


def test_a_doc_is_the_first_paragraph() -> None:
    """Further paragraphs of a docstring are for readers of the code."""
    assert avro_schema(OrderLineEnriched)["doc"].endswith("payment, shipment and returns.")


def test_types_are_those_of_the_vocabulary() -> None:
    """Each type of mesh.kernel.event has its Avro type."""
    fields = _fields(OrderPlaced)
    assert fields["seq"]["type"] == "long"
    assert fields["account"]["type"] == "string"
    assert fields["ordered_at"]["type"] == {"type": "long", "logicalType": "timestamp-micros"}
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 18}
    assert fields["tax_amount"]["type"] == {**decimal, "scale": 4}
    assert fields["fx_rate"]["type"] == {**decimal, "scale": 8}
    assert fields["lines"]["type"]["type"] == "array"
    customer = _fields(CustomerRecorded)
    assert customer["registered_on"]["type"][1] == {"type": "int", "logicalType": "date"}
    assert customer["marketing_consent"]["type"] == ["null", "boolean"]
    fixed = {"type": "fixed", "name": "Version", "namespace": "retail", "size": 32}
    assert _fields(OrderLineEnriched)["version"]["type"] == fixed


def test_what_may_be_unknown_is_null_by_default() -> None:
    """A nullable field is a union with null first, and null is its default."""
    field = _fields(OrderPlaced)["promo_code"]
    assert field["type"] == ["null", "string"]
    assert field["default"] is None
    assert "default" not in _fields(OrderPlaced)["account"]


def test_personal_fields_are_marked_bytes() -> None:
    """Personal text is bytes, and the schema says that it is personal."""
    email = _fields(CustomerRecorded)["email"]
    assert email["type"] == ["null", "bytes"]
    assert email["classification"] == "personal"
    assert "classification" not in _fields(CustomerRecorded)["city"]


def test_a_named_type_is_written_out_once() -> None:
    """The second use of a nested record or fixed is its full name."""

    class Part(Record):
        domain: ClassVar[str] = "sales"
        known: Version

    class Whole(Record):
        domain: ClassVar[str] = "sales"
        first: Part
        second: Part | None = None
        others: list[Part]
        known: Version

    first, second, others, known = (field["type"] for field in avro_schema(Whole)["fields"])
    assert first["name"] == "Part"
    assert second == ["null", "retail.sales.Part"]
    assert others["items"] == "retail.sales.Part"
    assert known == "retail.Version"
    fastavro.parse_schema(avro_schema(Whole))


def test_a_schema_is_not_shared() -> None:
    """Changing a schema that was handed out changes no other."""
    avro_schema(AccountActivity)["fields"][-1]["type"]["size"] = 1
    assert avro_schema(AccountActivity)["fields"][-1]["type"]["size"] == 32


class _Mapping(Record):
    domain: ClassVar[str] = "sales"
    field: dict[str, str]


class _NullableList(Record):
    domain: ClassVar[str] = "sales"
    field: list[str] | None = None


class _Either(Record):
    domain: ClassVar[str] = "sales"
    field: int | str


@pytest.mark.parametrize("record", [_Mapping, _NullableList, _Either])
def test_a_type_outside_the_vocabulary_is_refused(record: type[Record]) -> None:
    """The error names the field."""
    with pytest.raises(ContractError, match=r"field-type.*field") as caught:
        avro_schema(record)
    assert caught.value.place.endswith(f"{record.__name__}.field")


def test_plain_defaults_are_carried_over() -> None:
    """A default that JSON and Avro write alike stands in the schema."""

    class Defaulted(Record):
        domain: ClassVar[str] = "sales"
        units: int = 1
        note: str = "none"
        parts: list[str] = Field(default_factory=list)

    assert [field["default"] for field in avro_schema(Defaulted)["fields"]] == [1, "none", []]


def test_a_default_that_avro_cannot_state_is_refused() -> None:
    """A personal default would be text where Avro wants bytes; a decimal one has no JSON form."""

    class Nameless(Record):
        domain: ClassVar[str] = "sales"
        name: Personal = "x"

    class Priced(Record):
        domain: ClassVar[str] = "sales"
        price: Money = Decimal(1)

    for record in (Nameless, Priced):
        with pytest.raises(ContractError, match="field-default"):
            avro_schema(record)
