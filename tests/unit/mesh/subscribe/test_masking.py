"""Masks, as the warehouse's views show them."""

from __future__ import annotations

import pytest

from mesh.kernel.contract import MASKS as KNOWN
from mesh.subscribe.masking import MASKS, Masking
from tests.unit.mesh.subscribe.broker import LINES, example, port_of


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        ("initial", "Ann", "A."),
        ("initial", "Łukasz", "Ł."),
        ("initial", "", "."),
        ("email", "ann@shop.example", "a…@shop.example"),
        ("email", "a@b@c.example", "a…@c.example"),
        ("email", "no address", "n…@"),
        ("last4", "+1 555 0100", "…0100"),
        ("last4", "5550100", "…"),
        ("hidden", "1970-01-01", "•••"),
    ],
)
def test_a_mask_shows_what_the_view_shows(mask: str, text: str, shown: str) -> None:
    """Short texts and what is no address show no more than others."""
    assert MASKS[mask](text) == shown


def test_there_is_a_mask_for_every_name() -> None:
    """That a contract may use."""
    assert set(MASKS) == set(KNOWN)


def test_every_personal_field_of_a_record_is_masked() -> None:
    """Null stays null, and nothing else changes."""
    clear = example(LINES, "paid")
    clear["customer_email"] = None
    masked = Masking.of(port_of(LINES)).apply(dict(clear))
    changed = {name for name in clear if clear[name] != masked[name]}
    personal = {path for path, promise in port_of(LINES).promises.items() if promise.mask}
    assert changed == {name for name in personal if clear[name] is not None}
    assert masked["customer_email"] is None


def test_nested_records_are_masked() -> None:
    """A customer in a summary in a register."""
    values = {"summary": {"customer": {"first_name": "Ann", "email": "ann@shop.example"}}}
    masking = Masking.of(port_of("customer.private.account-activity.v1")).nested["summary"].nested["customer"]
    customer = values["summary"]["customer"]
    customer |= dict.fromkeys(masking.fields.keys() - customer.keys())
    assert masking.apply(customer)["first_name"] == "A."
