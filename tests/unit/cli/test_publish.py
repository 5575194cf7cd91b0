"""``mesh publish``: what cannot be read is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.cli.publish import command
from mesh.kernel.errors import PublishError


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Before anything is sent."""
    path = tmp_path / "payments.jsonl"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(PublishError, match=r"json-broken.*is not text in UTF-8"):
        command("PaymentRecorded", path, check=True)


def test_a_line_ends_at_a_line_feed_only(tmp_path: Path) -> None:
    """A text may hold other separators of lines, and places count real lines."""
    path = tmp_path / "payments.jsonl"
    path.write_text('{"source": "a\u2028b", "nosuch": 1}\n', encoding="utf-8")
    with pytest.raises(PublishError, match=r"field-unknown.*jsonl:1: 'nosuch'"):
        command("PaymentRecorded", path, check=True)
