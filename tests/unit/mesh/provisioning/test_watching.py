"""Rules, routes and dashboards are files of the home; the plan tells what in them changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from mesh.provisioning.change import Action
from mesh.provisioning.watching import UNWATCHED, Watching, alert_details, limit_changes

RULES = """groups:
- name: toys
  rules:
  - {alert: ToysToySilent, expr: up == 0}
  - {alert: ToysToyStale, expr: up == 0}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that is watched, though nothing answers there."""
    (tmp_path / "prometheus").mkdir()
    return Settings(home=tmp_path, prometheus="http://127.0.0.1:1", alertmanager="http://127.0.0.1:1")


def test_a_mesh_that_nothing_watches_has_no_files(tmp_path: Path) -> None:
    """And the plan says so."""
    area = Watching(Settings(home=tmp_path), find_mesh(Settings()))
    assert (area.changes(), area.note) == ([], UNWATCHED)


def test_what_was_planned_is_written_and_then_nothing_differs(settings: Settings) -> None:
    """A part that does not answer reads its files later; the plan's reader is told."""
    mesh = find_mesh(settings)
    area = Watching(settings, mesh)
    changes = area.changes()
    assert {change.area for change in changes} >= {"alerts", "dashboard"}
    assert {change.action for change in changes} == {Action.CREATE}
    area.apply(changes)
    assert "reload-unheard" in area.note
    assert Watching(settings, mesh).changes() == []


def test_a_lost_file_is_told_with_what_it_held(settings: Settings) -> None:
    """By the names of its alerts."""
    mesh = find_mesh(settings)
    area = Watching(settings, mesh)
    area.apply(area.changes())
    (settings.home / "prometheus" / "rules" / "product.yaml").unlink()
    (settings.home / "prometheus" / "rules" / "stray.yaml").write_text(RULES)
    lost, stray = Watching(settings, mesh).changes()
    assert (lost.name, lost.action) == ("product.yaml", Action.CREATE)
    assert "+ ProductProductStale" in lost.details
    assert stray.details == ("- ToysToySilent", "- ToysToyStale")


def test_changed_alerts_are_told_by_name() -> None:
    """Added, removed, changed; receivers too."""
    changed = RULES.replace("ToysToyStale, expr: up == 0", "ToysToyStale, expr: up == 1")
    assert alert_details(RULES, changed) == ("~ ToysToyStale",)
    assert alert_details("", RULES) == ("+ ToysToySilent", "+ ToysToyStale")
    assert alert_details(RULES, "") == ("- ToysToySilent", "- ToysToyStale")
    routes = "receivers: [{name: toys}]\nroute: {receiver: toys}\n"
    assert alert_details("receivers: []\nroute: {receiver: x}\n", routes) == ("+ toys", "~ routes")


def test_limits_of_silence_are_told_in_seconds() -> None:
    """What was and what is."""
    told = [str(change) for change in limit_changes({"a": 30, "b": 5, "c": 1}, {"a": 30, "b": 60, "d": 7})]
    assert told == [
        "silence b changed: paged after 60 s (was 5 s)",
        "silence c changed: never paged (was 1 s)",
        "silence d created: paged after 7 s",
    ]
