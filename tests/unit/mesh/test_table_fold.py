"""The fold of a topic says of each rule on the table what the table says, however its records come."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.kernel.contract import Port
from mesh.kernel.quality import NotNull, Regex
from mesh.kernel.table_fold import TableFold, broken
from mesh.kernel.table_rules import SHOWN, Share, Unique, named
from tests.unit.analytics.quality.toys import port

START = datetime(2024, 1, 1, tzinfo=UTC)
PATTERN = "[ab]+"
RULES = (
    Unique("colour"),
    Share(Regex("colour", PATTERN), Decimal(40)),
    Share(NotNull("colour"), Decimal(40)),
    Unique("name"),
)
REVISED = port((), RULES)
DERIVED = replace(REVISED, revision="version", table_key=("toy_id",))
BY_TWO = replace(REVISED, table_key=("toy_id", "kind", "valid_from"))


class Landed(NamedTuple):
    """A record where it lies on its topic."""

    offset: int
    fields: dict[str, Any]


def records(drawn: Sequence[tuple[int, int, int, str | None, str | None, bool]]) -> list[Landed]:
    """Records of a few toys; many have equal places, values or both."""
    return [
        Landed(
            offset,
            {
                "toy_id": f"t{number}",
                "kind": f"k{number % 2}",
                "valid_from": START + timedelta(seconds=since),
                "seq": seq,
                "version": ((since + 2) * 300 + seq * 7).to_bytes(32, "little"),
                "colour": colour,
                "name": name,
                "is_deleted": is_deleted,
            },
        )
        for offset, (number, since, seq, colour, name, is_deleted) in enumerate(drawn)
    ]


texts = st.none() | st.sampled_from(["a", "ab", "b", "c", "", "a\n"])
topics = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(-2, 3),
        st.integers(0, 2),
        texts,
        texts,
        st.sampled_from([False] * 5 + [True]),
    ),
    max_size=40,
).map(records)


class Found(NamedTuple):
    """What a rule finds."""

    judged: int
    failing: int
    keys: tuple[tuple[str, ...], ...]


def by_hand(laid: Port, landed: Sequence[Landed]) -> dict[str, Found]:
    """Group, take the newest, count: the same by another way."""
    groups: dict[tuple[str, ...], list[Landed]] = {}
    for one in landed:
        key = tuple(one.fields[name] for name in laid.table_key if name != "valid_from")
        groups.setdefault(key, []).append(one)
    if laid.revision == "version":
        chosen = {
            key: max(group, key=lambda one: (int.from_bytes(one.fields["version"], "little"), one.offset))
            for key, group in groups.items()
        }
    else:
        chosen = {
            key: max(group, key=lambda one: (one.fields["valid_from"], one.fields["seq"], -one.offset))
            for key, group in groups.items()
        }
    rows = {key: one.fields for key, one in chosen.items() if not one.fields["is_deleted"]}
    found = {}
    for name, rule in named(laid.table_rules).items():
        present = {key: row[rule.field] for key, row in rows.items() if row[rule.field] is not None}
        if isinstance(rule, Unique):
            judged, counts = len(present), Counter(present.values())
            faulty = [key for key, value in present.items() if counts[value] > 1]
        elif isinstance(rule.rule, NotNull):
            judged, faulty = len(rows), [key for key in rows if key not in present]
        else:
            judged = len(present)
            faulty = [key for key, value in present.items() if not re.fullmatch(PATTERN, value)]
        found[name] = Found(judged, len(faulty), tuple(sorted(faulty)[:SHOWN]))
    return found


def folded(laid: Port, landed: Sequence[Landed]) -> dict[str, Found]:
    """What the fold says of records, in the order in which they are given."""
    fold = TableFold(laid)
    for one in landed:
        fold.take(one.fields, one.offset)
    return {one.name: Found(one.judged, one.failing, fold.keys(one.name)) for one in fold.judged()}


@pytest.mark.parametrize("laid", [REVISED, DERIVED, BY_TWO], ids=["revised", "derived", "by two fields"])
@given(topics, st.randoms(use_true_random=False), st.integers(0, 30))
def test_the_fold_is_the_table_in_any_order(
    laid: Port, landed: list[Landed], chance: random.Random, cut: int
) -> None:
    """As they lie, shuffled, doubled, and read again from some place on."""
    expected = by_hand(laid, landed)
    shuffled = chance.sample(landed, len(landed))
    doubled = [one for one in shuffled for _ in range(chance.randint(1, 3))]
    replayed = [*landed[:cut], *landed[cut // 2 :], *landed]
    for way in (landed, landed[::-1], shuffled, doubled, replayed):
        assert folded(laid, way) == expected


@given(topics)
def test_every_prefix_is_the_table_of_then(landed: list[Landed]) -> None:
    """The counts are right after each record, not only in the end."""
    fold = TableFold(REVISED)
    for end, one in enumerate(landed, 1):
        fold.take(one.fields, one.offset)
        found = {one.name: Found(one.judged, one.failing, fold.keys(one.name)) for one in fold.judged()}
        assert found == by_hand(REVISED, landed[:end])


@given(topics)
def test_what_is_broken_is_told_with_its_count(landed: list[Landed]) -> None:
    """By the exact limit, in the contract's order."""
    expected = [
        (rule, one.failing, one.keys)
        for (name, one), rule in zip(by_hand(REVISED, landed).items(), RULES, strict=True)
        if one.failing and (isinstance(rule, Unique) or 100 * one.failing >= rule.below * one.judged)
    ]
    assert broken(REVISED, [one.fields for one in landed]) == expected


def test_an_entity_breaks_a_rule_and_mends_it() -> None:
    """Three share a value; one after another takes another one, and the last is at fault no more."""
    fold = TableFold(REVISED)
    failing = []
    for offset, (number, seq, colour) in enumerate(
        [
            (0, 0, "a"),
            (1, 0, "a"),
            (2, 0, "a"),
            (2, 1, "b"),
            (0, 1, None),
            (0, 0, "a"),
            (1, 1, "b"),
            (2, 2, "a"),
        ]
    ):
        (one,) = records([(number, 0, seq, colour, None, False)])
        fold.take(one.fields, offset)
        failing.append(fold.judged()[0].failing)
    assert failing == [0, 2, 3, 2, 0, 0, 2, 0]
    assert len(fold) == 3


def test_a_port_without_such_rules_breaks_none() -> None:
    """Whatever lies on it."""
    landed = records([(1, 0, 0, "a", None, False), (1, 0, 0, "a", None, False), (1, 1, 0, "b", None, False)])
    assert broken(port(), [one.fields for one in landed]) == []


def test_a_topic_without_a_table_is_judged_by_its_key() -> None:
    """Its newest record is the one with the greatest valid_from, then seq."""
    laid = replace(REVISED, table=None, table_key=(), key="{toy_id}")
    old, new = records([(1, 5, 0, "c", None, False), (1, 0, 2, "a", None, False)])
    assert folded(laid, [old, new])["colour/value-format-share"].failing == 1
    assert folded(laid, [new, old])["colour/value-format-share"].failing == 1
