"""What the journal holds: that an alert came, that a person answered for it, how a delivery went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Change(StrEnum):
    """What can happen to an incident; each is told to those concerned."""

    FIRED = "fired"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Outcome(StrEnum):
    """How far a page has come."""

    WAITING = "waiting"  # due, and tried again until it is taken or too old
    DELIVERED = "delivered"
    FAILED = "failed"  # given up


class Route(NamedTuple):
    """Where a page goes: Alertmanager's receiver (a domain, or ``platform``) and the channel to it."""

    receiver: str
    channel: str


@dataclass(frozen=True, slots=True)
class Alerted:
    """Alertmanager said that an alert fires, or that it has ended. Moments are in UTC."""

    at: datetime
    """When it was received; unique among all entries, and so their order."""
    receiver: str
    fingerprint: str
    starts_at: datetime
    ends_at: datetime | None
    """None while it fires."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    due: tuple[Route, ...] = ()
    """Where a page must go because of it: decided now, so that a crash before the page does not undo it."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A person took on an incident."""

    at: datetime
    incident: str
    by: str
    note: str
    due: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Paged:
    """A page was delivered, or could not be."""

    at: datetime
    incident: str
    change: Change
    route: Route
    outcome: Outcome
    reason: str = ""
    """Why it was not, in words of our own: a server's or a library's may hold a secret."""


Entry = Alerted | Acknowledged | Paged
_KINDS: dict[str, type[Entry]] = {kind.__name__.lower(): kind for kind in (Alerted, Acknowledged, Paged)}


def to_json(entry: Entry) -> dict[str, Any]:
    """An entry as JSON-ready data."""
    values = {name: getattr(entry, name) for name in entry.__slots__}
    moments = {name: value.isoformat() for name, value in values.items() if isinstance(value, datetime)}
    return {"kind": type(entry).__name__.lower(), **values, **moments}


def from_json(data: Mapping[str, Any]) -> Entry:
    """The reverse of :func:`to_json`; raise :class:`ValueError`, KeyError or TypeError when it is not one."""
    values = dict(data)
    kind = _KINDS[values.pop("kind")]
    for name in ("at", "starts_at", "ends_at"):
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    if "due" in values:
        values["due"] = tuple(Route(*route) for route in values["due"])
    if kind is Paged:
        values["change"], values["outcome"] = Change(values["change"]), Outcome(values["outcome"])
        values["route"] = Route(*values["route"])
    return kind(**values)
