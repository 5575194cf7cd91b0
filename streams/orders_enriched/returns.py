"""The returns of an order's lines (rule 8): payloads of registers, and the fields that they add up to."""

from __future__ import annotations

from typing import NamedTuple

from streams.engine.avro.varint import decode_long, encode_long, raw
from streams.orders_enriched.layout import ABSENT, PRESENT
from streams.orders_enriched.registers import registers

_FX_SCALE = 10**8
NO_RETURNS = encode_long(0) + encode_long(0) + encode_long(1) + b"\x00" + ABSENT
"""Quantity 0, count 0, amount 0.0000, last time null."""


class Returns(NamedTuple):
    """What came back of one line."""

    fragment: bytes
    """The row's fields returned_quantity, return_count, returned_amount, last_returned_at."""
    registers: int
    """Sum of ``seq`` + 1 over its returns, withdrawn ones too."""


NONE_RETURNED = Returns(NO_RETURNS, 0)
"""Of a line of which nothing came back."""


def payload(line: bytes, return_id: bytes, quantity: bytes, amount: bytes, fx_rate: bytes) -> bytes:
    """The payload of a return's register, from raw Avro fields. A line's number and the id identify it."""
    return b"".join((PRESENT, line, return_id, quantity, amount, fx_rate))


def by_line(packed: bytes) -> dict[bytes, Returns]:
    """The returns of an order by the raw number of their line."""
    lines: dict[bytes, list[tuple[int, int, int, int]]] = {}
    for moment, seq, fields in registers(packed):
        number_end = raw(fields, 1)[1]
        id_end = _text_end(fields, number_end)
        quantity_end = raw(fields, id_end)[1]
        amount_end = _text_end(fields, quantity_end)
        quantity = decode_long(fields, id_end, quantity_end)
        amount = in_reporting_currency(
            _unscaled(fields, quantity_end, amount_end), _unscaled(fields, amount_end, len(fields))
        )
        lines.setdefault(fields[1:number_end], []).append((quantity, amount, moment, seq))
    return {line: _sum(facts) for line, facts in lines.items()}


def in_reporting_currency(amount: int, fx_rate: int) -> int:
    """Amount (1/10,000) x rate (1/10^8), rounded half away from zero to 1/10,000."""
    product = abs(amount * fx_rate)
    rounded = (product + _FX_SCALE // 2) // _FX_SCALE
    return rounded if amount * fx_rate >= 0 else -rounded


def _sum(facts: list[tuple[int, int, int, int]]) -> Returns:
    standing = [fact for fact in facts if fact[0] != 0]
    taken = [moment for quantity, _, moment, _ in standing if quantity > 0]
    fragment = b"".join(
        (
            encode_long(sum(quantity for quantity, _, _, _ in standing)),
            encode_long(len(taken)),
            _decimal(sum(amount for _, amount, _, _ in standing)),
            PRESENT + encode_long(max(taken)) if taken else ABSENT,
        )
    )
    return Returns(fragment, sum(seq + 1 for _, _, _, seq in facts))


def _decimal(unscaled: int) -> bytes:
    size = (unscaled.bit_length() + 8) // 8
    return encode_long(size) + unscaled.to_bytes(size, "big", signed=True)


def _unscaled(fields: bytes, start: int, end: int) -> int:
    doubled, content = raw(fields, start)
    assert content + (doubled >> 1) == end
    return int.from_bytes(fields[content:end], "big", signed=True)


def _text_end(fields: bytes, start: int) -> int:
    doubled, content = raw(fields, start)
    return content + (doubled >> 1)
