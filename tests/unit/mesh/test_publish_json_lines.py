"""Events from JSON lines: exact values, or an error with the line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from domains.location.events import LocationDescribed
from domains.sales.events import OrderPlaced
from mesh.cli.main import app
from mesh.kernel.errors import PublishError
from mesh.publish.json_lines import read_events

ORDER: dict[str, Any] = {
    "source": "till",
    "seq": 1,
    "occurred_at": "2024-05-01T14:00:00+02:00",
    "order_id": "till:8",
    "account": "till:7",
    "ordered_at": "2024-05-01T12:00:00Z",
    "channel": "Online",
    "currency": "EUR",
    "fx_rate": "1.08",
    "subtotal_amount": "9",
    "tax_amount": 0,
    "shipping_amount": 0,
    "total_amount": "9.0000",
    "lines": [
        {"line_number": 1, "product_id": "till:p", "quantity": 2, "unit_price": "5", "gross_amount": "10",
         "discount_amount": "1", "net_amount": "9"},
    ],
}  # fmt: skip


def read(**changes: Any) -> list[dict[str, Any]]:
    """The values of an order with changes."""
    return list(read_events(OrderPlaced, ["", json.dumps({**ORDER, **changes})], "orders.jsonl"))


def test_values_get_the_types_of_their_fields() -> None:
    """Amounts exact, moments in UTC, lines as records."""
    (order,) = read()
    assert order["ordered_at"] == order["occurred_at"] == datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert (order["fx_rate"], order["tax_amount"]) == (Decimal("1.08"), Decimal(0))
    assert order["lines"][0].net_amount == Decimal(9)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"total_amount": 9.1}, r"\[value-invalid\] orders.jsonl:2: total_amount is a number with a point"),
        ({"lines": [{**ORDER["lines"][0], "unit_price": 5.5}]}, r"lines.unit_price is a number with a point"),
        ({"ordered_at": "2024-05-01T12:00:00"}, r"\[value-invalid\] orders.jsonl:2: ordered_at: .*timezone"),
        ({"chanel": "x"}, r"\[field-unknown\] orders.jsonl:2: .*did you mean 'channel'"),
        ({"lines": [{"line_number": "one"}]}, r"lines.line_number: "),
    ],
)
def test_a_wrong_value_is_refused_with_its_line(changes: dict[str, Any], line: str) -> None:
    """And with its field."""
    with pytest.raises(PublishError, match=line):
        read(**changes)


@pytest.mark.parametrize("text", ["{", "[]", "7"])
def test_a_line_that_is_no_object_is_refused(text: str) -> None:
    """Whatever it is instead."""
    with pytest.raises(PublishError, match=r"json-broken\] here:1"):
        list(read_events(OrderPlaced, [text], "here"))


def test_coordinates_may_have_a_point() -> None:
    """They are floating point in the event too."""
    (place,) = read_events(LocationDescribed, ['{"latitude": 54.3}'], "here")
    assert place == {"latitude": 54.3}


def test_the_verb_checks_without_a_broker() -> None:
    """All lines, before anything would be sent."""
    result = CliRunner().invoke(app, ["publish", "OrderPlaced", "--check"], input=json.dumps(ORDER) + "\n")
    assert result.output == "1 events hold to the contract; nothing was sent\n"
    broken = json.dumps(ORDER) + "\n" + json.dumps({**ORDER, "total_amount": "8"})
    refused = CliRunner().invoke(app, ["publish", "OrderPlaced", "--check"], input=broken)
    assert isinstance(refused.exception, PublishError)
    assert refused.exception.code == "value-equation"
    unknown = CliRunner().invoke(app, ["publish", "OrderPlacd"])
    assert "did you mean 'OrderPlaced'" in str(unknown.exception)
