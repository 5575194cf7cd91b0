"""The offline compatibility gate: each kind of change, accepted or refused."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from domains.sales.events import OrderLineEnriched, OrderPlaced
from mesh.kernel.errors import ContractError
from schemas.compat import conflicts, require_compatible
from schemas.derive import avro_schema
from tests.unit.schemas.records import every_record

Schema = dict[str, Any]
Change = Callable[[Schema], Any]
LONG_OR_NULL = ["null", "long"]


def _field(schema: Schema, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(field for field in schema["fields"] if field["name"] == name)
    return found


def _line(schema: Schema) -> Schema:
    found: Schema = _field(schema, "lines")["type"]["items"]
    return found


def _changed(change: Change, record: Any = OrderPlaced) -> tuple[Schema, Schema]:
    old = avro_schema(record)
    new = deepcopy(old)
    change(new)
    assert new != old
    return old, new


def _drop(schema: Schema, name: str) -> None:
    schema["fields"].remove(_field(schema, name))


def _add(schema: Schema, place: int | None = None, **field: Any) -> None:
    fields = schema["fields"]
    fields.insert(len(fields) if place is None else place, field)


def _promo(schema: Schema) -> int:
    place: int = schema["fields"].index(_field(schema, "promo_code"))
    return place


ACCEPTED: dict[str, Change] = {
    "field added with null as default": lambda s: _add(s, name="gift", type=LONG_OR_NULL, default=None),
    "field added with another default": lambda s: _add(s, name="gift", type="long", default=0),
    "field added in the middle": lambda s: _add(s, 3, name="gift", type=LONG_OR_NULL, default=None),
    "field of a nested record added": lambda s: _add(_line(s), name="x", type=LONG_OR_NULL, default=None),
    "field with a default removed": lambda s: _drop(s, "promo_code"),
    "fields in another order": lambda s: s["fields"].reverse(),
    "doc of the record changed": lambda s: s.update(doc="Something else."),
    "doc of a field changed": lambda s: _field(s, "account").update(doc="Something else."),
    "default added": lambda s: _field(s, "channel").update(default="Online"),
}

REFUSED: dict[str, tuple[Change, str, str]] = {
    "field added without default": (lambda s: _add(s, name="gift", type="long"), "gift", "without a default"),
    "nested field added without default": (
        lambda s: _add(_line(s), name="gift", type="long"),
        "lines.gift",
        "without a default",
    ),
    "field without default removed": (lambda s: _drop(s, "channel"), "channel", "removed"),
    "nested field without default removed": (
        lambda s: _drop(_line(s), "quantity"),
        "lines.quantity",
        "removed",
    ),
    "default taken away": (
        lambda s: _field(s, "promo_code").pop("default"),
        "promo_code",
        "loses its default",
    ),
    "type changed": (lambda s: _field(s, "account").update(type="long"), "account", "from string to long"),
    "type widened": (lambda s: _field(s, "seq").update(type="double"), "seq", "from long to double"),
    "text to bytes": (lambda s: _field(s, "account").update(type="bytes"), "account", "from string to bytes"),
    "nested type changed": (
        lambda s: _field(_line(s), "product_id").update(type="long"),
        "lines.product_id",
        "from string to long",
    ),
    "item of a list changed": (
        lambda s: _field(s, "lines")["type"].update(items="string"),
        "lines",
        "from record to string",
    ),
    "made nullable": (
        lambda s: _field(s, "channel").update(type=["null", "string"], default=None),
        "channel",
        "null in some records",
    ),
    "made mandatory": (
        lambda s: _field(s, "promo_code").update(type="string", default=""),
        "promo_code",
        "no longer be null",
    ),
    "field without default renamed": (
        lambda s: _field(s, "channel").update(name="medium"),
        "channel",
        "removed",
    ),
    "nullable field renamed": (
        lambda s: _field(s, "promo_code").update(name="voucher"),
        "voucher",
        "takes the place of 'promo_code'",
    ),
    "record renamed": (lambda s: s.update(name="OrderMade"), "", "renamed"),
    "record moved": (lambda s: s.update(namespace="retail.shop"), "", "renamed"),
    "nested record renamed": (lambda s: _line(s).update(name="Line"), "lines", "renamed"),
    "decimal scale changed": (
        lambda s: _field(s, "tax_amount")["type"].update(scale=2),
        "tax_amount",
        "scale from 4 to 2",
    ),
    "decimal precision changed": (
        lambda s: _field(s, "tax_amount")["type"].update(precision=20),
        "tax_amount",
        "precision from 18 to 20",
    ),
    "scale of a nested decimal changed": (
        lambda s: _field(_line(s), "net_amount")["type"].update(scale=2),
        "lines.net_amount",
        "scale from 4 to 2",
    ),
    "logical type changed": (
        lambda s: _field(s, "ordered_at")["type"].update(logicalType="timestamp-millis"),
        "ordered_at",
        "timestamp-micros to timestamp-millis",
    ),
    "logical type taken away": (
        lambda s: _field(s, "ordered_at").update(type="long"),
        "ordered_at",
        "logicalType from timestamp-micros to None",
    ),
    "logical type within a union changed": (
        lambda s: _field(s, "promised_at")["type"][1].update(logicalType="timestamp-millis"),
        "promised_at",
        "timestamp-micros to timestamp-millis",
    ),
    "no longer personal": (
        lambda s: _field(s, "shipping_address").pop("classification"),
        "shipping_address",
        "classification",
    ),
    "made personal": (
        lambda s: _field(s, "promo_code").update(type=["null", "bytes"], classification="personal"),
        "promo_code",
        "classification",
    ),
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_harmless_changes_are_accepted(change: Change) -> None:
    """What every reader and writer of both versions understands."""
    old, new = _changed(change)
    assert conflicts(old, new) == []
    require_compatible(new, {1: old})


@pytest.mark.parametrize(("change", "field", "rule"), REFUSED.values(), ids=REFUSED)
def test_breaking_changes_are_refused(change: Change, field: str, rule: str) -> None:
    """The error names event, field, rule, version and remedy."""
    old, new = _changed(change)
    assert any(found.field == field and rule in found.rule for found in conflicts(old, new))
    with pytest.raises(ContractError, match=r"against version 1") as caught:
        require_compatible(new, {1: old})
    assert caught.value.code == "schema-incompatible"
    assert caught.value.place.startswith("retail.")
    assert caught.value.remedy


@pytest.mark.parametrize("record", every_record(), ids=lambda record: record.full_name())
def test_a_schema_is_compatible_with_itself(record: Any) -> None:
    """No rule fires without a change, whatever the types."""
    assert conflicts(avro_schema(record), avro_schema(record)) == []


def test_the_size_of_a_fixed_is_kept() -> None:
    """A version of another width would be read wrongly."""
    old, new = _changed(lambda s: _field(s, "version")["type"].update(size=16), OrderLineEnriched)
    assert [(found.field, found.rule) for found in conflicts(old, new)] == [
        ("version", "changes its size from 32 to 16")
    ]


def test_the_symbols_of_an_enum_are_kept() -> None:
    """A new symbol would be unknown to older readers."""
    enum = {"type": "enum", "name": "Colour", "namespace": "retail", "symbols": ["red"]}
    old = {"type": "record", "name": "E", "namespace": "retail", "fields": [{"name": "c", "type": enum}]}
    new = deepcopy(old)
    _field(new, "c")["type"]["symbols"] = ["red", "blue"]
    assert [found.field for found in conflicts(old, new)] == ["c"]
    assert conflicts(old, deepcopy(old)) == []


def test_named_types_are_compared_where_they_are_only_named() -> None:
    """A change inside a type is found even where the field that uses it names it only."""
    inner = {"type": "record", "name": "In", "namespace": "retail", "fields": [{"name": "n", "type": "long"}]}
    fields = [{"name": "a", "type": inner}, {"name": "b", "type": ["null", "retail.In"], "default": None}]
    old: Schema = {"type": "record", "name": "Out", "namespace": "retail", "fields": fields}
    new = deepcopy(old)
    new["fields"][0]["type"]["fields"][0]["type"] = "string"
    assert {found.field for found in conflicts(old, new)} == {"a.n", "b.n"}
    assert conflicts(old, deepcopy(old)) == []


def test_every_published_version_counts() -> None:
    """A field that went may not come back as something else, although the newest version would not mind."""
    first = avro_schema(OrderPlaced)
    second, third = deepcopy(first), deepcopy(first)
    _drop(second, "promo_code")
    _field(third, "promo_code")["type"] = LONG_OR_NULL
    assert conflicts(second, third) == []
    with pytest.raises(ContractError, match="against version 1"):
        require_compatible(third, {1: first, 2: second})


def test_avros_own_checker_has_the_last_word() -> None:
    """What no rule here knows is still refused."""
    old, new = _changed(lambda s: _add(s, name="odd", type="nonsense", default=""))
    assert "not an Avro schema" in conflicts(old, new)[0].rule
