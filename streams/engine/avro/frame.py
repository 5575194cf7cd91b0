"""Confluent's frame: a value is byte 0, the id of its writer's schema in 4 bytes (big-endian), the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

HEADER_SIZE = 5
"""Bytes before the Avro body."""


def header(schema_id: int) -> bytes:
    """The frame of values that were written with this schema."""
    return b"\0" + schema_id.to_bytes(4, "big")


class Schema(NamedTuple):
    """A record schema, and the id under which the registry knows it."""

    record: Mapping[str, Any]
    id: int

    @property
    def name(self) -> str:
        """The record's name, for errors."""
        return str(self.record["name"])

    @property
    def header(self) -> bytes:
        """The frame of its values."""
        return header(self.id)
