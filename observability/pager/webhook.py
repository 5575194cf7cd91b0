"""A post over HTTP: the generic webhook, and what Microsoft Teams shares with it."""

from __future__ import annotations

from typing import Any

import httpx

from mesh.kernel.errors import SettingsError
from observability.pager.channel import DeliveryError, Note

TIMEOUT = 10.0
"""Seconds that the other side may take."""


def checked(address: str, setting: str) -> str:
    """An address that can be posted to; raise :class:`SettingsError`, which keeps it secret."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(
            "setting-invalid", "is not an http address", place=setting, remedy="write https://…"
        )
    return address


def post(address: str, document: dict[str, Any], key: str) -> None:
    """Post JSON; any answer but 2xx raises :class:`DeliveryError` without a word of address or answer."""
    try:
        answer = httpx.post(address, json=document, timeout=TIMEOUT, headers={"idempotency-key": key})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryError(f"no answer ({type(error).__name__})") from None
    if not answer.is_success:
        raise DeliveryError(f"refused ({answer.status_code})")


class Webhook:
    """Posts each note with its incident as JSON."""

    def __init__(self, address: str) -> None:
        self._address = address

    def send(self, note: Note) -> None:
        """Post it; ``key`` is the same when it is posted again."""
        incident = note.incident.as_dict()
        del incident["pages"]
        document = {
            "key": note.key,
            "change": note.change,
            "receiver": note.receiver,
            "subject": note.subject,
            "text": note.text,
            "incident": incident,
        }
        post(self._address, document, note.key)
