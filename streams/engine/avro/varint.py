"""Avro's whole numbers on the wire: zigzag, then seven bits a byte, least significant first."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from streams.engine.kernel import KERNEL

_BITS = 64
_MOMENT = 8
"""Bytes of every moment in microseconds from 1988 on, and so of most numbers that are not small."""
_PAIRS = Struct("<4H").unpack_from
_BITS_OF = [pair & 127 | pair >> 8 << 7 & 0x3F80 for pair in range(1 << 16)]
"""The 14 bits of number in two bytes."""


def python_encode_long(number: int) -> bytes:
    """The Avro bytes of a long (or int)."""
    rest = (number << 1) ^ (number >> 63)
    encoded = bytearray()
    while rest > 127:
        encoded.append(rest & 127 | 128)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def python_decode_long(value: bytes, start: int, end: int) -> int:
    """The number whose Avro bytes are ``value[start:end]``."""
    size = end - start
    if size == 1:
        rest = value[start]
    elif size == _MOMENT:
        first, second, third, fourth = _PAIRS(value, start)
        rest = _BITS_OF[first] | _BITS_OF[second] << 14 | _BITS_OF[third] << 28 | _BITS_OF[fourth] << 42
    else:
        rest = 0
        for byte in value[start:end][::-1]:
            rest = rest << 7 | byte & 127
    return (rest >> 1) ^ -(rest & 1)


encode_long: Callable[[int], bytes] = python_encode_long if KERNEL is None else KERNEL.encode_long
decode_long: Callable[[bytes, int, int], int] = python_decode_long if KERNEL is None else KERNEL.decode_long


def raw(value: bytes, start: int) -> tuple[int, int]:
    """The number at ``start`` before its zigzag is undone, and where it ends.

    Doubled and, when odd, negative: a length n is 2n. Raises :class:`ValueError` when it exceeds 64 bits and
    :class:`IndexError` when the value ends too soon.
    """
    number = shift = 0
    position = start
    while True:
        byte = value[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        if shift > _BITS:
            raise ValueError("a number of more than 64 bits")
    if number >> _BITS:
        raise ValueError("a number of more than 64 bits")
    return number, position


def raw_minimal(value: bytes, start: int) -> tuple[int, int]:
    """As :func:`raw`, but raises :class:`ValueError` unless the number is written as short as it can be."""
    number, position = raw(value, start)
    if position - start > 1 and not value[position - 1]:
        raise ValueError("a number that is longer than it need be")
    return number, position
