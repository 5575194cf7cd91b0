"""Microsoft Teams: an Adaptive Card, as the webhook of a Teams workflow takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observability.pager.channel import DeliveryError, Note
from observability.pager.entry import Change
from observability.pager.webhook import post

REST = "*"
"""Key of the webhook for those who have none of their own."""
LONGEST = 4_000
"""Characters of one text; Teams refuses cards over 28 KB."""
_COLOURS = {Change.FIRED: "attention", Change.ACKNOWLEDGED: "warning", Change.RESOLVED: "good"}


class Teams:
    """Posts each note to the channel of its receiver."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """``addresses`` by receiver; ``*`` is the rest's."""
        self._addresses = addresses

    def send(self, note: Note) -> None:
        """Post it as a card."""
        address = self._addresses.get(note.receiver) or self._addresses.get(REST)
        if address is None:
            raise DeliveryError("no webhook is set for this receiver")
        post(address, card(note), note.key)


def card(note: Note) -> dict[str, Any]:
    """The message with its card: subject, text in paragraphs, and the runbook to open where it is served."""
    runbook = note.incident.runbook
    opens = runbook.startswith(("https://", "http://")) and note.change is Change.FIRED
    title = {
        "type": "TextBlock",
        "text": note.subject,
        "size": "medium",
        "weight": "bolder",
        "color": _COLOURS[note.change],
        "wrap": True,
    }
    paragraphs = [
        {"type": "TextBlock", "text": paragraph.replace("\n", "\n\n"), "wrap": True}
        for paragraph in note.text[:LONGEST].strip().split("\n\n")
    ]
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *paragraphs],
        "msteams": {"width": "Full"},
    }
    if opens:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Runbook", "url": runbook}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": content,
    }
    return {"type": "message", "attachments": [attachment]}
