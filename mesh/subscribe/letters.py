"""Records read for people, who want to see also those that cannot be used.

The values of such a record are what is known of it, under names that begin with ``_`` so that no field of an
event is meant, then its fields where it can be decoded.
"""

from __future__ import annotations

import contextlib
from typing import Any

from confluent_kafka import Message

from mesh.kernel.holding import Holding
from mesh.subscribe.intake import Intake, Received, Rejected, place
from schemas.wire import UndecodableError

CODE, REASON = "_code", "_reason"
_HEADERS = ("code", "reason", "topic", "partition", "offset", "consumer")


class Letters:
    """Reads dead letters; ``intake`` reads the records of the port that they were meant for."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def read(self, message: Message, holding: Holding | None = None) -> Received:
        """The dead letter, with what its headers say of it."""
        headers = dict(message.headers() or [])
        said: dict[str, Any] = {
            f"_{name}": headers.get(f"mesh-{name}", b"").decode(errors="replace") for name in _HEADERS
        }
        with contextlib.suppress(UndecodableError):
            said |= self._intake.shown(self._intake.decode(message.value()))
        return Received(*place(message), headers, said)

    def shown(self, values: dict[str, Any]) -> dict[str, Any]:
        """``values``, which are masked already."""
        return values


class Everything:
    """Reads the records of a port, those that an :class:`Intake` rejects with the reason as their value."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def read(self, message: Message, holding: Holding | None = None) -> Received:
        """The record, masked; or what is wrong with it, whether it waits behind another one or not."""
        read = self._intake.read(message, Holding(message.partition()))  # so that a release shows as one
        if isinstance(read, Rejected):
            reason = {CODE: read.code, REASON: read.reason}
            return Received(*place(message), dict(message.headers() or []), reason)
        self._intake.shown(read.values)
        return read

    def shown(self, values: dict[str, Any]) -> dict[str, Any]:
        """``values``, which are masked already."""
        return values
