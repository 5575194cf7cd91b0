"""Avro numbers to Python and back, and money in whole ten-thousandths of the reporting currency."""

from __future__ import annotations

from functools import lru_cache

from streams.engine.avro.varint import decode_long, encode_long, raw

ABSENT, PRESENT = b"\x00", b"\x02"
"""Branch numbers of ["null", T]."""

ONE = b"\x08\x05\xf5\xe1\x00"
"""The Avro bytes of the rate 1."""
_RATE = 10**8

_SMALL = [encode_long(number) for number in range(4096)]
_KNOWN = {field: number for number, field in enumerate(_SMALL)}


def long_bytes(number: int) -> bytes:
    """The Avro bytes of a long."""
    return _SMALL[number] if 0 <= number < 4096 else encode_long(number)


def text_bytes(text: bytes) -> bytes:
    """The Avro bytes of a string or of bytes."""
    return long_bytes(len(text)) + text


def money_bytes(amount: int) -> bytes:
    """The Avro bytes of a decimal, from its unscaled number."""
    size = (amount.bit_length() + 8) >> 3
    return _SMALL[size] + amount.to_bytes(size, "big", signed=True)


@lru_cache(4096)  # the same clock for all accounts, and often one time for an order and its payment
def moment_bytes(moment: int | None) -> bytes:
    """The Avro bytes of a timestamp that may be null."""
    return ABSENT if moment is None else PRESENT + encode_long(moment)


def text_end(value: bytes, start: int) -> int:
    """Where the Avro string that begins at ``start`` ends."""
    length = value[start]
    if length < 128:
        return start + 1 + (length >> 1)
    length, start = raw(value, start)
    return start + (length >> 1)


def text_of(field: bytes) -> bytes:
    """The text of a string's bytes."""
    return field[1:] if field[0] < 128 else field[raw(field, 0)[1] :]


def long_of(field: bytes) -> int:
    """The number of a long's bytes."""
    number = _KNOWN.get(field)
    return decode_long(field, 0, len(field)) if number is None else number


def moment_of(field: bytes) -> int | None:
    """The moment of a nullable timestamp's bytes."""
    return None if field == ABSENT else decode_long(field, 1, len(field))


def money_of(field: bytes) -> int:
    """The unscaled number of a decimal's bytes."""
    start = 1 if field[0] < 128 else raw(field, 0)[1]
    return int.from_bytes(field[start:], "big", signed=True)


def converted(amount: bytes, rate: bytes) -> int:
    """An amount in the reporting currency: amount x rate, rounded half away from zero (rule 11)."""
    unscaled = money_of(amount)
    return unscaled if rate == ONE else divided(unscaled * money_of(rate), _RATE)


def divided(number: int, by: int) -> int:
    """``number / by`` rounded half away from zero; ``by`` is positive."""
    quotient = (2 * abs(number) + by) // (2 * by)
    return quotient if number >= 0 else -quotient
