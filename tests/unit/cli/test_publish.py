"""``mesh publish``: what cannot be read is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mesh.cli.main import app
from mesh.cli.publish import command
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PublishError
from mesh.kernel.event import Event
from mesh.kernel.settings import Settings

PORTS = find_mesh(Settings(domains="", retailer="")).ports.values()
EVENTS = [port.record.__name__ for port in PORTS if issubclass(port.record, Event)]


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


def test_what_breaks_the_contract_is_told_with_line_and_field(tmp_path: Path) -> None:
    """In a file over many lines too; nothing is sent."""
    path = tmp_path / "payment.json"
    good = _run("PaymentRecorded", "--example").stdout
    path.write_text("[\n" + good + ",\n" + good.replace('"Sale"', '"Gift"') + "]\n", encoding="utf-8")
    line = 3 + good.count("\n") + good[: good.index('"transaction_type"')].count("\n")
    with pytest.raises(PublishError, match=rf"value-unknown.*json:{line} PaymentRecorded.transaction_type"):
        command("PaymentRecorded", path, check=True)


@pytest.mark.parametrize("event", EVENTS)
def test_an_example_can_be_published_as_it_is_printed(event: str, tmp_path: Path) -> None:
    """Of every event."""
    path = tmp_path / "event.json"
    path.write_text(_run(event, "--example").stdout, encoding="utf-8")
    result = _run(event, str(path), "--check")
    assert result.output == "1 events hold to the contract; nothing was sent\n"


def _run(*arguments: str) -> Result:
    environment = {"MESH_RETAILER": "", "MESH_DOMAINS": ""}
    return CliRunner().invoke(app, ["publish", *arguments], env=environment)
