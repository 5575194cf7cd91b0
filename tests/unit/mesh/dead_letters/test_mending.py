"""Edits: from what a person types to a checked event; and what may be shown of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesh.dead_letters.difference import Landed
from mesh.dead_letters.mending import Edit, Mended
from mesh.dead_letters.showing import hexdump, look, masked, text
from mesh.kernel.contract import Port
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import DeadLetterError, PublishError
from mesh.kernel.settings import Settings
from mesh.publish.check import Checker
from schemas.codec import Codec
from schemas.wire import partition

MESH = find_mesh(Settings(home="nowhere"))
PAYMENTS = MESH.port("sales.public.payment-recorded.v1")
CUSTOMERS = MESH.port("customer.raw.customer-record.v1")
LINES = MESH.port("sales.public.orders-enriched.v1")
WHEN = datetime(2026, 5, 1, tzinfo=UTC)
PAYMENT: dict[str, Any] = {
    "event_id": "e", "source": "s", "seq": 1, "occurred_at": WHEN, "recorded_at": WHEN, "trace_id": None,
    "transaction_id": "t", "order_id": "o", "account": "shop:a", "transaction_at": WHEN,
    "transaction_type": "Sale", "payment_method": "Credit Card", "transaction_status": "completed",
    "amount": Decimal("12.3000"),
    "currency": "USD", "fx_rate": Decimal("1.00000000"),
}  # fmt: skip


def mend(edit: Edit | None, fields: dict[str, Any] | None = PAYMENT, port: Port = PAYMENTS) -> Mended:
    """The edit applied."""
    assert edit is not None
    return edit.mend(port, fields, Checker(MESH), Codec.of_port(port, 7))


def test_fields_are_typed_as_text_and_checked_as_events_are() -> None:
    """The rest stays; key and partition follow from the fields."""
    mended = mend(
        Edit.given(["amount=5.50", "account=shop:b", "occurred_at=2026-05-02T00:00:00Z"], None, rekey=False)
    )
    found = Codec.of_port(PAYMENTS, 7).decode(mended.value)
    assert found == {
        **PAYMENT,
        "amount": Decimal("5.5000"),
        "account": "shop:b",
        "occurred_at": datetime(2026, 5, 2, tzinfo=UTC),
    }
    assert (mended.key, mended.partition) == (b"shop:b", partition(b"shop:b", PAYMENTS.partitions))
    assert mended.edited == ("amount", "account", "occurred_at")


def test_a_record_gets_the_key_of_its_own_fields() -> None:
    """Nothing else changes."""
    mended = mend(Edit.given([], None, rekey=True))
    assert (mended.key, mended.edited) == (b"shop:a", ())
    assert Codec.of_port(PAYMENTS, 7).decode(mended.value) == PAYMENT


def test_a_whole_event_takes_the_place_of_what_cannot_be_decoded(tmp_path: Path) -> None:
    """As `mesh publish` takes it; the envelope is stamped."""
    file = tmp_path / "event.json"
    given = {
        name: text(value) for name, value in PAYMENT.items() if name not in ("event_id", "trace_id", "seq")
    }
    file.write_text(json.dumps({**given, "seq": 1}, indent=2))
    mended = mend(Edit.given([], file, rekey=False), None)
    found = Codec.of_port(PAYMENTS, 7).decode(mended.value)
    assert found == {**PAYMENT, "event_id": "s/PaymentRecorded/t#1"}
    assert mend(Edit.given([], file, rekey=False)).edited == ("event_id",)


@pytest.mark.parametrize(
    ("assignments", "code"),
    [
        (["amount"], "edit-invalid"),
        (["=1"], "edit-invalid"),
        (["amount=much"], "edit-invalid"),
        (["seq=null"], "edit-invalid"),
        (["amont=1"], "field-unknown"),
    ],
)
def test_an_edit_that_cannot_be_applied_is_one_clear_line(assignments: list[str], code: str) -> None:
    """It never quotes what was typed into a field: it may be a person's."""
    with pytest.raises(DeadLetterError, match=code) as error:
        mend(Edit.given(assignments, None, rekey=False))
    assert "much" not in str(error.value)
    assert "\n" not in str(error.value)


def test_an_edit_that_breaks_the_contract_is_refused() -> None:
    """By the rules of publishing."""
    with pytest.raises(PublishError, match="value-unknown"):
        mend(Edit.given(["transaction_status=lost"], None, rekey=False))


def test_edits_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    """A whole event and a field of it; a file that is not there, or no JSON."""
    file = tmp_path / "event.json"
    for assignments, rekey, content in ((["seq=1"], False, "{}"), ([], True, "{}"), ([], False, "{")):
        file.write_text(content)
        with pytest.raises(DeadLetterError, match="edit-invalid"):
            Edit.given(assignments, file, rekey=rekey)
    with pytest.raises(DeadLetterError, match="edit-invalid"):
        Edit.given([], tmp_path / "none.json", rekey=False)
    assert Edit.given([], None, rekey=False) is None


def test_what_has_no_fields_or_no_source_cannot_be_edited() -> None:
    """The line says what can be done."""
    edit = Edit.given(["seq=2"], None, rekey=False)
    with pytest.raises(DeadLetterError, match=r"not-editable.*--edit"):
        mend(edit, None)
    with pytest.raises(DeadLetterError, match=r"not-editable.*derived"):
        mend(edit, {}, LINES)


def test_personal_text_is_shown_masked() -> None:
    """In a record and in a difference, though it is compared in clear."""
    record = dict.fromkeys(CUSTOMERS.record.model_fields, None) | {
        "first_name": "Ann",
        "email": "ann@example.com",
    }
    assert masked(CUSTOMERS, record)["first_name"] == "A."
    assert record["first_name"] == "Ann"
    customers = MESH.port("customer.public.customer.v1")
    fields = {**dict.fromkeys(customers.record.model_fields), "account": "a", "valid_from": WHEN, "seq": 1}
    rows = Landed({})
    rows.difference(customers, {**fields, "first_name": "Ann"})
    changed = rows.difference(customers, {**fields, "seq": 2, "first_name": "Amy"})
    assert changed.fields == {"first_name": ("A.", "A.")}


def test_a_difference_is_that_of_the_row_that_will_hold() -> None:
    """A new one; a higher revision; a lower one; the same fact; the same seq with other contents."""
    rows = Landed({})
    first = rows.difference(PAYMENTS, PAYMENT)
    assert (first.effect, first.fields["amount"]) == ("a new row", (None, Decimal("12.3000")))
    more = {**PAYMENT, "seq": 5, "amount": Decimal(20), "event_id": "e5"}
    changed = rows.difference(PAYMENTS, more)
    assert changed.effect == "revision 5 in place of 1"
    assert changed.fields == {"amount": (Decimal("12.3000"), Decimal(20))}
    older = rows.difference(PAYMENTS, {**PAYMENT, "seq": 3})
    assert (older.effect, older.fields) == ("none: revision 5 is known, this is 3", {})
    assert rows.difference(PAYMENTS, {**more, "event_id": "other"}).effect == "none: the fact is known"
    conflict = rows.difference(PAYMENTS, {**more, "amount": Decimal(1)})
    assert conflict.effect.startswith("a revision-conflict")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "no value"),
        (b"", "no bytes at all"),
        (b"\x00\x00\x00\x00\x07x", "6 bytes, framed with schema id 7"),
        (b'{"email": "ann@example.com"}', "28 bytes of JSON, not framed Avro"),
        (b"ann@example.com", "15 bytes of text, not framed Avro"),
        (b"\xff\xfe\xfd", "3 bytes without a frame"),
    ],
)
def test_what_cannot_be_decoded_is_described_and_not_quoted(value: bytes | None, said: str) -> None:
    """It may be a person's."""
    assert look(value) == said
    assert "ann" not in "\n".join(hexdump(value or b""))


def test_a_long_value_is_dumped_in_part() -> None:
    """The rest is counted."""
    lines = list(hexdump(bytes(range(100))))
    assert lines[0] == "0000  " + " ".join(f"{n:02x}" for n in range(16))
    assert (len(lines), lines[-1]) == (5, "…     36 more")
