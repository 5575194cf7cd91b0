"""``mesh conformance``: the report on records of a topic."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner, Result

from mesh.cli import conformance
from mesh.cli.main import app

TOPIC = "sales.public.payment-recorded.v1"


class Message(NamedTuple):
    """A record as the consumer hands it over."""

    at: int
    body: bytes | None

    def key(self) -> bytes:
        """The key."""
        return b"aw:1"

    def value(self) -> bytes | None:
        """The value."""
        return self.body

    def partition(self) -> int:
        """The partition."""
        return 2

    def offset(self) -> int:
        """The offset."""
        return self.at

    def timestamp(self) -> tuple[int, int]:
        """Kind and milliseconds."""
        return 1, 0


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What the topic holds."""
    found: list[Message] = []
    monkeypatch.setattr(conformance, "newest", lambda kafka, topic, count: iter(found))
    return found


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["conformance", *arguments], env={"COLUMNS": "200"})


def test_faults_are_reported_as_json(records: list[Message]) -> None:
    """With partition and offset, and exit 1."""
    records += [Message(7, b"{}"), Message(8, None)]
    result = _run(TOPIC, "--json")
    report: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["topic"] == TOPIC
    assert report["read"] == 2
    assert [(record["partition"], record["offset"]) for record in report["wrong"]] == [(2, 7), (2, 8)]
    assert "frame" in report["wrong"][0]["problems"][0]


def test_faults_are_reported_as_a_table(records: list[Message]) -> None:
    """The same for people."""
    records.append(Message(7, b"{}"))
    result = _run(TOPIC)
    assert result.exit_code == 1
    assert "no Confluent frame" in result.stdout
    assert f"{TOPIC}: 1 records read, 1 do not conform" in result.stdout


@pytest.mark.usefixtures("records")
def test_no_fault_is_exit_0() -> None:
    """An empty topic conforms."""
    result = _run(TOPIC)
    assert result.exit_code == 0
    assert "0 records read" in result.stdout


def test_a_misspelt_topic_is_told() -> None:
    """With the nearest name."""
    result = _run("sales.public.payments-recorded.v1")
    assert TOPIC in str(result.exception)
