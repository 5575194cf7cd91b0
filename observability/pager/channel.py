"""A way out of the pager, and the plainest one: its log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from observability.pager.entry import Change
from observability.pager.incident import Incident
from observability.pager.message import subject

log = logging.getLogger("mesh.pager")


@dataclass(frozen=True, slots=True)
class Note:
    """What has to be told to a receiver."""

    incident: Incident
    change: Change
    receiver: str
    at: datetime
    """When the incident changed."""
    text: str
    """The message as it was written when the incident changed."""

    @property
    def subject(self) -> str:
        """Its line for a list."""
        return subject(self.incident, self.change)

    @property
    def key(self) -> str:
        """The same at every attempt, so that a message that arrives twice can be told."""
        return f"{self.incident.id}.{self.change}"


class DeliveryError(Exception):
    """A note was not taken. Its text is ours alone: a server's or a library's may hold a secret."""


class Channel(Protocol):
    """Delivers notes; called from threads, several at a time."""

    def send(self, note: Note) -> None:
        """Return when the other side has taken the note; raise :class:`DeliveryError` when it has not."""


class Log:
    """One line in the log of the pager."""

    def send(self, note: Note) -> None:
        """Write it."""
        log.info("%s %s, for %s", note.incident.id, note.subject, note.receiver)
