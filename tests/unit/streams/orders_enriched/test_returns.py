"""Returns summed up by line: in compiled code and in Python alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.avro.varint import encode_long
from streams.engine.kernel import built
from streams.orders_enriched import returns
from streams.orders_enriched.registers import put

ROWS = built("streams.orders_enriched._rows")
Fact = tuple[int, int, int, int, int, int]
MOST = (1 << 64) - 1
ONE = 10**8
"""The rate of the reporting currency."""

FACTS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 64, 10**6]),  # line
        st.integers(0, 5),  # return
        st.integers(-2, 300),  # quantity
        st.integers(-(10**15), 10**15) | st.sampled_from([0, 127, 128, -127, -128, -129, -32768, 32768]),
        st.integers(0, 2**50),  # moment
        st.integers(0, 2**59),  # seq
    ),
    max_size=12,
)


def decimal(number: int) -> bytes:
    size = (number.bit_length() + 8) // 8
    return encode_long(size) + number.to_bytes(size, "big", signed=True)


def packed(facts: list[Fact], rate: int) -> bytes:
    """The registers of these returns, the same revision once."""
    found, seen = b"", set()
    for line, number, quantity, amount, moment, seq in facts:
        if (line, number, seq) in seen:
            continue
        seen.add((line, number, seq))
        name = f"return:{number}".encode()
        raw_line, raw_id = encode_long(line), encode_long(len(name)) + name
        payload = returns.payload(raw_line, raw_id, encode_long(quantity), decimal(amount), decimal(rate))
        found = put(found, raw_line + raw_id, moment, seq, payload, payload) or found
    return found


@pytest.mark.parametrize("by_line", [returns.by_line, *([ROWS.by_line] if ROWS else [])])
@given(facts=FACTS)
def test_sums_are_those_of_the_newest_revisions(by_line: Any, facts: list[Fact]) -> None:
    newest: dict[tuple[int, int], Fact] = {}
    for fact in facts:  # of one revision the first record counts, as nobody revises without a new number
        known = newest.get(fact[:2])
        if known is None or fact[5] > known[5]:
            newest[fact[:2]] = fact
    lines: dict[int, list[Fact]] = {}
    for fact in newest.values():
        lines.setdefault(fact[0], []).append(fact)
    expected = {}
    for line, its in lines.items():
        taken = [fact[4] for fact in its if fact[2] > 0]
        amount = sum(fact[3] for fact in its if fact[2])
        last = b"\x02" + encode_long(max(taken)) if taken else b"\x00"
        quantity = encode_long(sum(fact[2] for fact in its))
        fragment = quantity + encode_long(len(taken)) + decimal(amount) + last
        expected[encode_long(line)] = fragment, min(sum(fact[5] + 1 for fact in its), MOST)
    found = by_line(packed(facts, ONE))
    assert {line: (one[0], min(one[1], MOST)) for line, one in found.items()} == expected


@pytest.mark.parametrize(
    ("facts", "rate"),
    [
        ([(1, 1, 1, 10, 0, 0)], 91_000_000),
        ([(1, 1, 1, 1 << 60, 0, 0)], ONE),
        ([(1, 1, 1 << 60, 1, 0, 0)], ONE),
        ([(1, number, 1, 10, 0, 0) for number in range(17)], ONE),
    ],
    ids=["another currency", "a great amount", "a great quantity", "many returns"],
)
def test_the_unusual_is_left_to_python(facts: list[Fact], rate: int) -> None:
    together = packed(facts, rate)
    assert len(returns.by_line(together)) == 1
    assert ROWS is None or ROWS.by_line(together) is None
