"""Correction marks: up to where a partition's rows have been corrected for broadcast knowledge.

A mark is an entry of the changelog, written only after the corrected rows are on the broker, so that a worker
which dies in between leaves the correction to the next owner. It is keyed by the group's generation and the
highest one holds: a worker that has lost the partition unawares cannot speak for its successor.
"""

from __future__ import annotations

import json

from streams.engine.fold import RESERVED

_PREFIX = RESERVED + b"mark"


def encode(generation: int, positions: dict[str, int]) -> tuple[bytes, bytes]:
    """The changelog entry that says: corrected up to ``positions`` (topic -> next offset)."""
    return _PREFIX + generation.to_bytes(8, "big"), json.dumps(positions).encode()


def is_reserved(key: bytes) -> bool:
    """Whether an entry is the engine's own, and none of the fold's."""
    return key.startswith(RESERVED)


def decode(key: bytes, value: bytes) -> tuple[int, dict[str, int]] | None:
    """Generation and positions of a mark; None for another entry of the engine."""
    if not key.startswith(_PREFIX):
        return None
    return int.from_bytes(key[len(_PREFIX) :], "big"), json.loads(value)
