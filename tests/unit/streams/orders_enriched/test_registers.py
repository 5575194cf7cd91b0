"""A packed set of registers behaves as a dictionary of newest revisions would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.avro.varint import encode_long
from streams.orders_enriched.asof import AsOf
from streams.orders_enriched.registers import (
    EMPTY,
    RevisionConflictError,
    as_of,
    greatest,
    put,
    registers,
    span,
)
from streams.orders_enriched.version import early_clock, exact_clock

Revision = tuple[str, int, int]
"""Id, moment, seq; the contents follow from them."""

IDS = st.sampled_from(["a", "b", "10", "9", "z" * 70])
REVISIONS = st.lists(st.tuples(IDS, st.integers(-2, 3), st.integers(0, 4)), max_size=12)


def text(identity: str) -> bytes:
    """An id as Avro writes it."""
    return encode_long(len(identity)) + identity.encode()


def fold(revisions: list[Revision]) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """The packed set, and what it should hold: id -> (seq, moment)."""
    packed = EMPTY
    known: dict[tuple[str, int], int] = {}
    for identity, moment, seq in revisions:
        contents = f"{identity} {moment} {seq}".encode()
        payload = b"\x02" + text(identity) + contents
        held = known.setdefault((identity, seq), moment)
        if held != moment:
            with pytest.raises(RevisionConflictError):
                put(packed, text(identity), moment, seq, contents, payload)
            continue
        changed = put(packed, text(identity), moment, seq, contents, payload)
        if changed is not None:
            packed = changed
        assert put(packed, text(identity), moment, seq, contents, payload) is None
    newest: dict[str, tuple[int, int]] = {}
    for (identity, seq), moment in known.items():
        newest[identity] = max(newest.get(identity, (-1, 0)), (seq, moment))
    return packed, newest


@given(REVISIONS)
def test_the_newest_revision_of_each_fact_is_held(revisions: list[Revision]) -> None:
    """Whatever the order and repetition; other contents of a known revision are a conflict for ever."""
    packed, newest = fold(revisions)
    held = {(register.seq, register.moment) for register in registers(packed)}
    assert held == set(newest.values())
    assert len(list(registers(packed))) == len(newest)
    if newest:
        payload, total = greatest(packed)
        best = max(newest, key=lambda identity: (newest[identity][1], identity.encode()))
        assert payload.startswith(b"\x02" + text(best))
        assert total == sum(seq + 1 for seq, _ in newest.values())


@given(
    st.lists(st.tuples(st.integers(-3, 6), st.integers(0, 3)), min_size=1, max_size=10), st.integers(-5, 8)
)
def test_both_kinds_of_versions_choose_alike(versions: list[tuple[int, int]], moment: int) -> None:
    """Packed versions of customers and indexed versions of dimensions: the same choice, clock and span."""
    packed, indexed, newest = EMPTY, AsOf(), {}
    for start, seq in versions:
        micros = start * 1_000_000
        contents = b"\x02" + encode_long(micros) + bytes([seq])
        fresh = put(packed, encode_long(micros), micros, seq, contents, contents)
        packed = packed if fresh is None else fresh
        changed = indexed.put(micros, seq, contents, contents)
        assert changed == (seq > newest.get(start, -1))
        newest[start] = max(newest.get(start, -1), seq)
    register, holds = as_of(packed, moment * 1_000_000)
    clock = exact_clock(register.moment) if holds else early_clock(register.moment)
    chosen = indexed.entries[0] if moment < min(newest) else indexed.choice(moment * 1_000_000)
    assert chosen == (register.payload, clock, register.seq + 1)
    expected = max((start for start in newest if start <= moment), default=min(newest))
    assert register.moment == expected * 1_000_000
    for start in newest:
        first, last = span(packed, start * 1_000_000)
        assert (first, last) == indexed.span(start * 1_000_000)
        assert (first <= moment * 1_000_000 < last) == (start == expected)
