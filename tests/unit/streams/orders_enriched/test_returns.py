"""Returns summed up by line: compiled code gives what Python gives, or leaves it to that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.avro.varint import encode_long
from streams.engine.kernel import built
from streams.orders_enriched import returns
from streams.orders_enriched.registers import put

ROWS = built("streams.orders_enriched._rows")
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


def packed(facts: list[tuple[int, int, int, int, int, int]], rate: int) -> bytes:
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


@pytest.mark.skipif(ROWS is None, reason="there is no compiler")
@given(facts=FACTS)
def test_compiled_sums_are_those_of_python(facts: list[tuple[int, int, int, int, int, int]]) -> None:
    assert ROWS is not None
    together = packed(facts, ONE)
    expected = {line: tuple(one) for line, one in returns.by_line(together).items()}
    most = (1 << 64) - 1
    found = ROWS.by_line(together)
    assert found == {line: (fragment, min(seqs, most)) for line, (fragment, seqs) in expected.items()}


@pytest.mark.skipif(ROWS is None, reason="there is no compiler")
def test_another_currency_great_numbers_and_many_returns_are_left_to_python() -> None:
    assert ROWS is not None
    assert ROWS.by_line(packed([(1, 1, 1, 10, 0, 0)], ONE)) is not None
    assert ROWS.by_line(packed([(1, 1, 1, 10, 0, 0)], 91_000_000)) is None
    assert ROWS.by_line(packed([(1, 1, 1, 1 << 60, 0, 0)], ONE)) is None
    assert ROWS.by_line(packed([(1, 1, 1 << 60, 1, 0, 0)], ONE)) is None
    assert ROWS.by_line(packed([(1, number, 1, 10, 0, 0) for number in range(17)], ONE)) is None
