"""``mesh tail``: how a record looks, what is asked of the topic, and what is told when there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mesh.cli.main import app
from mesh.cli.tail import document, line
from mesh.subscribe import tail
from mesh.subscribe.changes import Change
from mesh.subscribe.intake import Received
from mesh.subscribe.tail import Sight, Wish

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
TOPIC = "sales.public.payment-recorded.v1"


def received(**values: Any) -> Received:
    """A record with these values."""
    return Received(TOPIC, 2, 41, "till:7", NOON, {}, values)


def test_a_record_is_one_line() -> None:
    """Time, place, key, fields; what is null or says little is left out."""
    shown = line(
        received(
            event_id="1",
            amount=Decimal("12.3000"),
            note="two words",
            at=NOON,
            gone=None,
            lines=[{"quantity": 2}],
        )
    )
    assert shown == (
        "2024-05-01 12:00:00 2@41      till:7  "
        'amount=12.3 note="two words" at=2024-05-01T12:00:00Z lines=[{quantity=2}]'
    )
    assert "lines=[3 of them]" in line(received(lines=[{}, {}, {}]))
    assert "\n" not in line(received(note="a\nb"))


def test_a_change_shows_its_entity_and_kind() -> None:
    """The entity in place of the key."""
    change = Change(("till:1", 3), "delete", {"order_id": "till:1"}, 7, 2, 41, NOON)
    assert line(change).startswith("2024-05-01 12:00:00 2@41      delete till:1/3  order_id=till:1")
    shown = json.loads(document(change))
    assert (shown["kind"], shown["key"]) == ("delete", ["till:1", 3])


def test_a_dead_letter_shows_why_it_is_one() -> None:
    """And where it stood."""
    said = {"_code": "key-mismatch", "_reason": "the key lies", "_topic": TOPIC, "_partition": "2"}
    letter = received(**said, _offset="9", _consumer="mesh.sink", amount=Decimal(5))
    assert f"key-mismatch: the key lies from={TOPIC} 2@9 by=mesh.sink amount=5" in line(letter)
    shown = json.loads(document(letter))
    assert shown["rejected"]["code"] == "key-mismatch"
    assert shown["values"] == {"amount": "5"}


def test_json_keeps_what_a_program_needs() -> None:
    """Amounts as text, moments ISO 8601, versions in hexadecimal, nulls."""
    shown = json.loads(document(received(amount=Decimal("12.3000"), at=NOON, version=b"\x01\xff", gone=None)))
    values = {"amount": "12.3000", "at": "2024-05-01T12:00:00+00:00", "version": "01ff", "gone": None}
    assert shown["values"] == values
    assert (shown["partition"], shown["offset"], shown["key"]) == (2, 41, "till:7")


@pytest.fixture
def wishes(monkeypatch: pytest.MonkeyPatch) -> list[Wish]:
    """What was asked of topics that hold one record each."""
    found: list[Wish] = []

    def fake(wish: Wish, _: Any) -> Iterator[Sight]:
        found.append(wish)
        yield received(amount=Decimal(5))

    monkeypatch.setattr(tail, "tail", fake)
    return found


def run(*arguments: str) -> Result:
    """``mesh tail …``"""
    return CliRunner().invoke(app, ["tail", *arguments], env={"COLUMNS": "200"})


def test_ten_records_are_shown_unless_told_otherwise(wishes: list[Wish]) -> None:
    """With --since all of them."""
    for arguments in ([], ["--since", "10m"], ["--since", "2024-05-01T12:00", "-n", "3"]):
        assert run(TOPIC, *arguments).exit_code == 0
    assert [wish.limit for wish in wishes] == [10, None, 3]
    assert wishes[2].since == NOON


def test_output_is_for_people_or_for_programs(wishes: list[Wish]) -> None:
    """One line a record either way."""
    assert run(TOPIC).stdout.count("\n") == 1
    assert json.loads(run(TOPIC, "--json").stdout)["values"] == {"amount": "5"}
    assert len(wishes) == 2


@pytest.mark.parametrize(
    ("topic", "near"),
    [
        ("sales.public.payments-recorded.v1", TOPIC),
        ("sales.dead.payments-recorded.v1", "sales.dead.payment-recorded.v1"),
    ],
)
def test_a_misspelt_topic_is_told(topic: str, near: str) -> None:
    """With the nearest name, dead letters among dead letters."""
    result = run(topic)
    assert f"topic-unknown] {topic}" in str(result.exception)
    assert near in str(result.exception)


def test_a_moment_that_is_none_is_told() -> None:
    """With the ways to write one."""
    assert "since-invalid] soon" in str(run(TOPIC, "--since", "soon").exception)
