"""What tests of schemas share."""

from __future__ import annotations

import pytest

from schemas import seam


@pytest.fixture
def tagging(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seam that writes down whose text it was, and which field's."""
    monkeypatch.setattr(seam, "protect", lambda subject, field, text: f"{subject}|{field}|{text}".encode())
    monkeypatch.setattr(seam, "reveal", lambda raw: None if raw is None else raw.decode().split("|")[2])
