"""A set of registers in one bytes object: the facts of one order, or the versions of one customer.

A register holds the newest revision of a fact (last writer by ``seq``) and, of each revision that it
replaced, the ``seq`` and a digest, so that a second record that claims the same revision with other contents
is found out whenever it comes. Python objects would cost several times the bytes that they hold.

Each register is a header, a payload, and the replaced revisions. The payload begins with one byte that is not
looked at (in a fragment: the branch number) and then the fact's id, which is therefore stored once.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from streams.facts import RevisionConflictError

EMPTY = b""
"""A set without registers."""

DIGEST = (1 << 40) - 1
"""The bits of a digest that are kept: they are the part of an entry that no compression makes smaller."""
_HEAD = Struct("<IIIqqq")  # sizes of payload and id, number of replaced revisions, moment, seq, digest
_REPLACED = Struct("<qq")  # seq, digest
_HEAD_SIZE = _HEAD.size
_unpack = _HEAD.unpack_from


class Register(NamedTuple):
    """The newest revision of one fact. ``moment`` in microseconds: what a set compares by."""

    moment: int
    seq: int
    payload: bytes


def put(
    packed: bytes, identity: bytes, moment: int, seq: int, contents: bytes, payload: bytes
) -> bytes | None:
    """The set with one more revision, or None when it is known already.

    ``contents`` are the fact's bytes after the envelope; ``payload[1:]`` begins with ``identity``.
    Raises :class:`RevisionConflictError`.
    """
    # hash() of bytes is keyed by the process: bits that no publisher can aim at, and never stored.
    digest = hash(contents) & DIGEST
    new = _HEAD.pack(len(payload), len(identity), 0, moment, seq, digest) + payload
    start, end = 0, len(packed)
    while start < end:
        size, id_size, replaced, old_moment, old_seq, old_digest = _unpack(packed, start)
        body = start + _HEAD_SIZE
        after = body + size
        last = after + replaced * _REPLACED.size
        if id_size == len(identity) and packed.startswith(identity, body + 1):
            older = packed[after:last]
            if seq == old_seq:
                _same(digest, old_digest, seq)
                return None
            for known_seq, known_digest in _REPLACED.iter_unpack(older):
                if known_seq == seq:
                    _same(digest, known_digest, seq)
                    return None
            if seq > old_seq:
                older += _REPLACED.pack(old_seq, old_digest)
                head = (len(payload), len(identity), replaced + 1, moment, seq, digest)
            else:
                older += _REPLACED.pack(seq, digest)
                head = (size, id_size, replaced + 1, old_moment, old_seq, old_digest)
                payload = packed[body:after]
            return b"".join((packed[:start], _HEAD.pack(*head), payload, older, packed[last:]))
        start = last
    return packed + new


def registers(packed: bytes) -> Iterator[Register]:
    """The registers of a set, in no particular order."""
    start, end = 0, len(packed)
    while start < end:
        size, _, replaced, moment, seq, _ = _unpack(packed, start)
        body = start + _HEAD_SIZE
        yield Register(moment, seq, packed[body : body + size])
        start = body + size + replaced * _REPLACED.size


def greatest(packed: bytes) -> tuple[bytes, int]:
    """Payload of the register greatest by moment, then id; and the sum of ``seq`` + 1 over all of them."""
    size, id_size, replaced, moment, seq, _ = _unpack(packed, 0)
    best = _HEAD_SIZE
    total = seq + 1
    if best + size + replaced * _REPLACED.size == len(packed):  # the usual case: there is one
        return packed[best : best + size], total
    best_key = moment, id_text(packed, best + 1, id_size)
    best_size = size
    start = best + size + replaced * _REPLACED.size
    while start < len(packed):
        size, id_size, replaced, moment, seq, _ = _unpack(packed, start)
        body = start + _HEAD_SIZE
        total += seq + 1
        key = moment, id_text(packed, body + 1, id_size)
        if key > best_key:
            best_key, best, best_size = key, body, size
        start = body + size + replaced * _REPLACED.size
    return packed[best : best + best_size], total


def id_text(packed: bytes, start: int, size: int) -> bytes:
    """The text of an id, without the length before it, which would sort short ids first."""
    end = start + size
    while packed[start] > 127:
        start += 1
    return packed[start + 1 : end]


def as_of(packed: bytes, moment: int) -> tuple[Register, bool]:
    """The register of the greatest moment <= ``moment`` and True; else the earliest and False."""
    size, _, replaced, best, seq, _ = _unpack(packed, 0)
    if _HEAD_SIZE + size + replaced * _REPLACED.size == len(packed):  # the usual case: there is one
        return Register(best, seq, packed[_HEAD_SIZE : _HEAD_SIZE + size]), best <= moment
    known = sorted(registers(packed))
    holding = [register for register in known if register.moment <= moment]
    return (holding[-1], True) if holding else (known[0], False)


def span(packed: bytes, moment: int) -> tuple[float, float]:
    """The moments [from, to) for which :func:`as_of` gives the register at ``moment``."""
    return span_of(sorted(register.moment for register in registers(packed)), moment)


def span_of(moments: list[int], moment: int) -> tuple[float, float]:
    """Moments [from, to) whose choice among sorted ``moments`` is ``moment``; the first has all before."""
    place = moments.index(moment)
    first = float("-inf") if place == 0 else moment
    return first, moments[place + 1] if place + 1 < len(moments) else float("inf")


def _same(digest: int, known: int, seq: int) -> None:
    if digest != known:
        raise RevisionConflictError(f"revision {seq} is known with other contents")
