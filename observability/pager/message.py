"""What a page says: short lines of plain text, good to read on a phone, the most important first."""

from __future__ import annotations

from datetime import datetime

from observability.pager.entry import Change
from observability.pager.incident import Incident

SUBJECT = 150
"""Characters of a subject at the most."""


def subject(incident: Incident, change: Change) -> str:
    """One line: ``[page] SalesOrdersEnrichedStale – rows are 75 s old``."""
    match change:
        case Change.FIRED:
            head, tail = incident.severity, incident.summary
        case Change.ACKNOWLEDGED:
            head, tail = change, f"by {incident.acknowledged_by}"
        case Change.RESOLVED:
            head, tail = change, f"after {_lasted(incident)}"
    line = " ".join(f"[{head}] {incident.name} – {tail}".removesuffix(" – ").split())
    return line if len(line) <= SUBJECT else line[: SUBJECT - 1] + "…"


def text(incident: Incident, change: Change) -> str:
    """The whole message, as it stands in a mail."""
    match change:
        case Change.FIRED:
            return _fired(incident)
        case Change.ACKNOWLEDGED:
            note = f"\n\n{incident.note}" if incident.note else ""
            return f"{incident.acknowledged_by} has taken this on.{note}\n\n{_facts(incident)}\n"
        case Change.RESOLVED:
            return f"This is over, after {_lasted(incident)}.\n\n{_facts(incident)}\n"


def _fired(incident: Incident) -> str:
    where = " / ".join(filter(None, (incident.domain, incident.product, incident.part)))
    paragraphs = [
        "\n".join(filter(None, (incident.name, incident.summary))),
        incident.description,
        f"Where: {where}\nSince: {_moment(incident.fired_at)}\nWhose: {incident.owner or 'nobody is named'}",
        incident.action and f"What to do\n{incident.action}",
        incident.runbook and f"Runbook\n{incident.runbook}",
        f"Take it on\nmesh ack {incident.id}",
    ]
    return "\n\n".join(filter(None, map(str.strip, paragraphs))) + "\n"


def _facts(incident: Incident) -> str:
    lines = [incident.name, incident.summary, f"Since: {_moment(incident.fired_at)}"]
    if incident.resolved_at is not None:
        lines.append(f"Until: {_moment(incident.resolved_at)}")
    if incident.acknowledged_by and incident.resolved_at is not None:
        lines.append(f"Taken on by: {incident.acknowledged_by}")
    return "\n".join(filter(None, [*lines, f"Incident: {incident.id}"]))


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _lasted(incident: Incident) -> str:
    if incident.resolved_at is None:
        return "0 s"
    return span((incident.resolved_at - incident.fired_at).total_seconds())


def span(seconds: float) -> str:
    """A time span for people, in its two greatest units: ``2 h 5 min``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    shown = [
        f"{count} {unit}"
        for count, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
        if count
    ]
    return " ".join(shown[:2]) or "0 s"
