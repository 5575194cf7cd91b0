"""Correction marks: up to where a partition's rows have been corrected for broadcast knowledge.

A mark is an entry of the changelog, written only after the corrected rows are on the broker, so that a worker
which dies in between leaves the correction to the next owner. It is keyed by the group's generation and the
highest one holds: a worker that has lost the partition unawares cannot speak for its successor.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from streams.engine.fold import RESERVED, Fetched
from streams.engine.kernel import KERNEL

Entries = list[tuple[bytes, bytes]]
"""Keys and values."""

_PREFIX = RESERVED + b"mark"


def encode(generation: int, positions: dict[str, int]) -> tuple[bytes, bytes]:
    """The changelog entry that says: corrected up to ``positions`` (topic -> next offset)."""
    return _PREFIX + generation.to_bytes(8, "big"), json.dumps(positions).encode()


def python_sorted_out(records: list[Fetched]) -> tuple[Entries, Entries]:
    """Keys and values of a changelog's records: the entries of the fold, and the engine's own.

    Records without a key or a value are no entries.
    """
    entries: Entries = []
    own: Entries = []
    for _, _, key, value, _ in records:
        if key is not None and value is not None:
            (own if key.startswith(RESERVED) else entries).append((key, value))
    return entries, own


def decode(key: bytes, value: bytes) -> tuple[int, dict[str, int]] | None:
    """Generation and positions of a mark; None for another entry of the engine."""
    if not key.startswith(_PREFIX):
        return None
    return int.from_bytes(key[len(_PREFIX) :], "big"), json.loads(value)


def _kernel_sorted_out(records: list[Fetched]) -> tuple[Entries, Entries]:
    assert KERNEL is not None
    found: tuple[Entries, Entries] = KERNEL.sorted_out(records, RESERVED)
    return found


sorted_out: Callable[[list[Fetched]], tuple[Entries, Entries]] = (
    python_sorted_out if KERNEL is None else _kernel_sorted_out
)
