"""Reads what Alertmanager posts (its webhook, version 4): as much of it as can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mesh.kernel.errors import IncidentError
from observability.pager.entry import Alerted, Route

SHOWN = 120
"""Characters of a fault's value that an answer shows."""


class Notification(NamedTuple):
    """The alerts of one post, and what is wrong with those that could not be read."""

    alerts: list[Alerted]
    faults: list[str]


def read_notification(
    body: bytes, receiver: str, due: tuple[Route, ...], moment: Callable[[], datetime]
) -> Notification:
    """The alerts that a body holds; ``moment`` gives each the moment of its receipt, a new one at each call.

    One alert that cannot be read does not keep back the others. Raises :class:`IncidentError` when the body
    is no notification at all.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise _wrong(f"is not JSON ({error})", receiver) from None
    listed = document.get("alerts") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise _wrong("has no list of alerts", receiver)
    read = Notification([], [])
    for place, alert in enumerate(listed):
        try:
            read.alerts.append(_alert(alert, receiver, due, moment))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            named = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            read.faults.append(f"alert {place}: {named[:SHOWN]}")
    return read


def _alert(
    alert: Mapping[str, Any], receiver: str, due: tuple[Route, ...], moment: Callable[[], datetime]
) -> Alerted:
    labels = _texts(alert["labels"])
    if not labels.get("alertname"):
        raise KeyError("alertname")
    starts_at, ends_at = _moment(alert["startsAt"]), None
    match alert["status"]:
        case "resolved":
            ends_at = _moment(alert["endsAt"])
        case "firing":
            pass
        case other:
            raise ValueError(f"status {other!r} is neither firing nor resolved")
    return Alerted(
        at=moment(),
        receiver=receiver,
        fingerprint=str(alert["fingerprint"]),
        starts_at=starts_at,
        ends_at=ends_at,
        labels=labels,
        annotations=_texts(alert.get("annotations") or {}),
        due=due,
    )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)  # Go writes nanoseconds, Python cuts them
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment


def _wrong(what: str, receiver: str) -> IncidentError:
    return IncidentError(
        "notification-wrong",
        what,
        place=f"/alerts/{receiver}",
        remedy="post what Alertmanager's webhook posts (version 4)",
    )
