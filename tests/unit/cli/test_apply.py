"""``mesh apply`` tells what it did, and starts anew those processes that must learn of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mesh.cli import apply as verb
from mesh.provisioning.change import Action, Change
from tests.unit.cli.test_plan import CREATED, UNUSED, planned

PARTS = ("broker", "monitor", "sink-1", "sink-2", "orders-enriched-1", "customer-360-1")
TABLE = Change("table", "sales.orders_v1", Action.CHANGE, ("column x added",))
SCHEMA = Change("schema", "sales.private.clock.v1-value", Action.CHANGE)


@pytest.fixture
def restarted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that are started anew on a machine where these run, and one that is stopped."""
    found: list[str] = []
    parts = [SimpleNamespace(name=name, pid=1) for name in PARTS]
    parts.append(SimpleNamespace(name="sink-3", pid=None))
    monkeypatch.setattr(verb.client, "running", lambda home: True)
    monkeypatch.setattr(verb.client, "status", lambda home: parts)
    monkeypatch.setattr(verb.client, "restart_part", lambda name, home: found.append(name))
    return found


def run(monkeypatch: pytest.MonkeyPatch, *changes: Change, restart: bool = True) -> None:
    """Run the verb, whose plan holds these changes."""
    monkeypatch.setattr(verb, "apply", lambda settings, report: planned(*changes, note="a note"))
    verb.command(restart=restart)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((CREATED,), ["monitor", "sink-1", "sink-2"]),
        ((TABLE,), ["sink-1", "sink-2"]),
        ((SCHEMA,), ["orders-enriched-1", "customer-360-1"]),
        ((UNUSED,), []),
        ((), []),
    ],
)
def test_only_those_start_anew_that_must_learn(
    changes: tuple[Change, ...],
    expected: list[str],
    restarted: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All processes of an application, and none that was stopped."""
    run(monkeypatch, *changes)
    assert restarted == expected


def test_nothing_starts_anew_when_told_so(restarted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever operates the mesh elsewhere does it himself."""
    run(monkeypatch, CREATED, restart=False)
    assert restarted == []


def test_the_outcome_is_told(
    restarted: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many changes, what a reader should know besides, who was started anew."""
    run(monkeypatch, TABLE)
    text = capsys.readouterr().out
    assert text.index("1 change") < text.index("a note") < text.index("sink-2 started anew")
    run(monkeypatch, UNUSED)
    assert capsys.readouterr().out.startswith("nothing to change")
