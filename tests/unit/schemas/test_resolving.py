"""Records that other versions of the code have written are brought to ours."""

from __future__ import annotations

from copy import deepcopy
from io import BytesIO
from typing import Any

import fastavro
import pytest

from domains.customer.events import CustomerRecorded
from domains.sales.events import PaymentRecorded
from mesh.kernel.errors import PlatformError
from schemas.codec import Codec, Codecs, read_body
from schemas.derive import avro_schema
from schemas.wire import SchemaUnknownError, UndecodableError, header
from tests.unit.schemas.records import CUSTOMER

customers = Codec(CustomerRecorded, 3)


class Registry:
    """A registry in memory that counts what it is asked."""

    def __init__(self, schemas: dict[int, Any]) -> None:
        self.schemas, self.asked = schemas, 0

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema with this id."""
        self.asked += 1
        if schema_id not in self.schemas:
            raise SchemaUnknownError(f"the registry has no schema with id {schema_id}")
        found: dict[str, Any] = self.schemas[schema_id]
        return found


def _older() -> dict[str, Any]:
    """The customer's schema before trace_id and hobbies came."""
    schema = deepcopy(avro_schema(CustomerRecorded))
    schema["fields"] = [field for field in schema["fields"] if field["name"] not in ("trace_id", "hobbies")]
    return schema


def _newer() -> dict[str, Any]:
    """The customer's schema with a field that this code does not know, in the middle."""
    schema = deepcopy(avro_schema(CustomerRecorded))
    schema["fields"].insert(7, {"name": "shoe_size", "type": ["null", "long"], "default": None})
    return schema


def _written(schema: dict[str, Any], schema_id: int, **more: Any) -> bytes:
    body = BytesIO()
    body.write(header(schema_id))
    record = {**CUSTOMER, "first_name": "Zoë".encode(), "email": b"zoe@example.org", **more}
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), record)
    return body.getvalue()


@pytest.mark.parametrize(("schema", "more"), [(_older(), {}), (_newer(), {"shoe_size": 43})])
def test_records_of_other_versions_are_resolved(schema: dict[str, Any], more: dict[str, Any]) -> None:
    """What an older or newer writer wrote reads as ours, and can be written again as ours."""
    registry = Registry({9: schema})
    codecs = Codecs(registry)
    value = _written(schema, 9, **more)
    assert codecs.decode(customers, value) == customers.decode(customers.encode(CUSTOMER))
    assert codecs.resolve(customers, value) == customers.encode(CUSTOMER)
    assert registry.asked == 1


def test_own_records_ask_no_registry() -> None:
    """The common case costs nothing more."""
    registry = Registry({})
    value = customers.encode(CUSTOMER)
    assert Codecs(registry).decode(customers, value) == customers.decode(value)
    assert Codecs(registry).resolve(customers, value) is value
    assert registry.asked == 0


@pytest.mark.usefixtures("tagging")
def test_resolving_leaves_personal_bytes_as_they_are() -> None:
    """They are neither revealed nor protected again."""
    value = _written(_older(), 9, first_name=b"sealed")
    resolved = Codecs(Registry({9: _older()})).resolve(customers, value)
    assert read_body(resolved, customers.parsed)["first_name"] == b"sealed"


def test_an_unknown_schema_id_has_its_own_code() -> None:
    """So that it is parked as schema-unknown."""
    with pytest.raises(SchemaUnknownError, match="id 9"):
        Codecs(Registry({})).decode(customers, _written(_older(), 9))


@pytest.mark.parametrize(
    "schema", [avro_schema(PaymentRecorded), "string", {"type": "record", "name": "X"}, ["null", "nonsense"]]
)
def test_a_schema_of_something_else_is_undecodable(schema: Any) -> None:
    """A record of another class does not belong on this topic, be its fields as they may."""
    with pytest.raises(UndecodableError, match="schema id 9"):
        Codecs(Registry({9: schema})).decode(customers, _written(_older(), 9))


def test_a_body_that_is_not_its_schemas_is_undecodable() -> None:
    """Resolution checks the length as well."""
    with pytest.raises(UndecodableError, match="after its last field"):
        Codecs(Registry({9: _older()})).resolve(customers, _written(_older(), 9) + b"\x00")


def test_a_registry_that_is_away_is_not_the_records_fault() -> None:
    """The error is no ValueError, so nobody parks the record for it."""

    class Away:
        def schema(self, schema_id: int) -> dict[str, Any]:
            raise PlatformError("registry-unreachable", "no answer")

    assert not issubclass(PlatformError, ValueError)
    with pytest.raises(PlatformError):
        Codecs(Away()).decode(customers, _written(_older(), 9))
