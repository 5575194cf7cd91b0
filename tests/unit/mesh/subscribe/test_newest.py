"""Which record of an entity holds."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.kernel.errors import SubscribeError
from mesh.subscribe.newest import Held, Newest, written
from tests.unit.mesh.subscribe.broker import LINES, PAYMENTS, example, port_of, version

LINE = example(LINES, "paid")


def line(structure: int, registers: int, *, deleted: bool = False) -> dict[str, Any]:
    """An order line of this version."""
    return {**LINE, "version": version(structure, registers), "is_deleted": deleted}


def held(structure: int, registers: int, *, live: bool = True, value: bytes = b"12345a") -> Held:
    """What is held of the line."""
    return Held(int.from_bytes(version(structure, registers), "little"), live, value)


LINES_RULE = Newest(port_of(LINES))


def test_a_first_record_is_told() -> None:
    """Unless it only says that something unknown is gone, which is kept against what is older."""
    assert LINES_RULE.fold(None, line(0, 1), b"12345a") == (held(0, 1), "upsert")
    assert LINES_RULE.fold(None, line(1, 1, deleted=True), b"12345a") == (held(1, 1, live=False), None)


def test_only_newer_knowledge_is_told() -> None:
    """By version; what is outdated changes nothing."""
    known = held(1, 5)
    assert LINES_RULE.fold(known, line(1, 6), b"12345a").kind == "upsert"
    assert LINES_RULE.fold(known, line(2, 1), b"12345a").kind == "upsert"
    assert LINES_RULE.fold(known, line(1, 4), b"12345b") == (None, None)


def test_of_equal_versions_the_last_holds_and_a_repeat_is_silent() -> None:
    """Repeats by newer code have another schema id and the same body."""
    known = held(1, 5)
    assert LINES_RULE.fold(known, line(1, 5), b"54321a") == (None, None)
    assert LINES_RULE.fold(known, line(1, 5), b"12345b") == (held(1, 5, value=b"12345b"), "upsert")


def test_a_line_that_is_gone_is_told_once() -> None:
    """And comes back with a higher version."""
    gone = LINES_RULE.fold(held(1, 5), line(2, 5, deleted=True), b"12345a")
    assert gone == (held(2, 5, live=False), "delete")
    assert LINES_RULE.fold(gone.held, line(3, 5, deleted=True), b"12345a").kind is None
    assert LINES_RULE.fold(gone.held, line(3, 5), b"12345a").kind == "upsert"


def test_a_record_that_clears_an_old_day_says_nothing() -> None:
    """Its registers are 0, whatever its structure."""
    assert LINES_RULE.fold(held(1, 5), line(9, 0, deleted=True), b"12345a") == (None, None)


def test_of_facts_with_equal_seq_the_first_holds() -> None:
    """So a conflicting revision has no effect."""
    rule, payment = Newest(port_of(PAYMENTS)), example(PAYMENTS, "completed")
    known = Held(payment["seq"], True, b"12345a")
    assert rule.fold(known, payment, b"12345b") == (None, None)
    assert rule.fold(known, {**payment, "seq": payment["seq"] + 1}, b"12345b").kind == "upsert"


def test_an_entity_is_the_key_of_the_table() -> None:
    """As the contract says; its text tells a number from digits."""
    assert LINES_RULE.entity(LINE) == ("erp:43659", 1)
    assert written(("a", 1)) != written(("a", "1"))
    customer = Newest(port_of("customer.public.customer.v1"))
    assert customer.fields == ("account", "valid_from")


def test_a_customer_without_accounts_is_gone() -> None:
    """Its registers are 0 as well, and yet it says something: only tables sorted by day are cleared so."""
    topic = "customer.public.customer-360.v1"
    gone = {**example(topic, "churned"), "version": (1 << 250).to_bytes(32, "little"), "is_deleted": True}
    assert Newest(port_of(topic)).fold(Held(5, True, b"12345a"), gone, b"12345b").kind == "delete"


def test_a_topic_without_table_key_has_no_newest() -> None:
    """The mesh's own registers, for one."""
    with pytest.raises(SubscribeError, match=r"latest-unknown.*account-activity.*latest=False"):
        Newest(port_of("customer.private.account-activity.v1"))
