"""What watches the mesh on this machine: alert rules, routes and dashboards, as files of the home."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mesh.kernel.discovery import Mesh
from mesh.kernel.document import LOADER
from mesh.kernel.errors import MeshError
from mesh.kernel.settings import Settings
from mesh.provisioning.change import Action, Change
from observability import dashboards, writing
from observability.monitor.sources import promised

ALERTS, DASHBOARD, SILENCE = "alerts", "dashboard", "silence"
LIMITS = "limits.json"
"""How long each live source may be silent, as the monitor knew it when it was started."""
UNWATCHED = "alerts: nothing watches this mesh, so there are no rules and dashboards"


class Watching:
    """The area of rules, routes, dashboards and the limits of silence; empty where nothing watches."""

    part = "home"

    def __init__(self, settings: Settings, mesh: Mesh) -> None:
        self._settings = settings
        self._mesh = mesh
        self._limits = settings.home / "prometheus" / LIMITS
        self.note = ""

    def changes(self) -> list[Change]:
        """Files that are not what the contracts make them."""
        if not self._limits.parent.is_dir():
            self.note = UNWATCHED
            return []
        rules = writing.changes(self._mesh, self._settings, self._settings.home)
        boards = dashboards.changes(self._mesh, self._settings.home)
        return [
            *(_change(ALERTS, path, text) for path, text in rules.items()),
            *(_change(DASHBOARD, path, text) for path, text in boards.items()),
            *limit_changes(_known(self._limits), promised(self._mesh)),
        ]

    def apply(self, changes: Sequence[Change]) -> None:
        """Write the files and have them read; a part that does not answer reads them when it starts."""
        areas = {change.area for change in changes}
        if DASHBOARD in areas:
            dashboards.write(self._mesh, self._settings.home)
        if SILENCE in areas:
            self._limits.write_text(json.dumps(promised(self._mesh), indent=1), encoding="utf-8")
        if ALERTS in areas:
            writing.write(self._mesh, self._settings, self._settings.home)
            try:
                writing.reload(self._settings)
            except MeshError as error:
                self.note = str(error)


def limit_changes(known: Mapping[str, int], wanted: Mapping[str, int]) -> Iterator[Change]:
    """How the limits of silence differ from those that are known."""
    for topic in sorted(known.keys() | wanted.keys()):
        old, new = known.get(topic), wanted.get(topic)
        if old != new:
            told = "never paged" if new is None else f"paged after {new} s"
            was = "" if old is None else f" (was {old} s)"
            yield Change(SILENCE, topic, Action.CREATE if old is None else Action.CHANGE, (told + was,))


def alert_details(old: str, new: str) -> tuple[str, ...]:
    """Which alerts or receivers a file gains, loses and changes."""
    before, after = _named(old), _named(new)
    return (
        *(f"+ {name}" for name in after if name not in before),
        *(f"- {name}" for name in before if name not in after),
        *(f"~ {name}" for name in after if name in before and before[name] != after[name]),
    )


def _change(area: str, path: Path, text: str | None) -> Change:
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    details = alert_details(old, text or "") if area == ALERTS else ()
    if text is None:
        details = details or ("removed",)
    return Change(area, path.name, Action.CHANGE if old else Action.CREATE, details)


def _named(text: str) -> dict[str, Any]:
    """The alerts of a rule file, or the receivers and routes of Alertmanager's, by name."""
    content = yaml.load(text, LOADER) or {}  # noqa: S506 - a safe one
    rules = [rule for group in content.get("groups", ()) for rule in group["rules"]]
    found = {rule["alert"]: rule for rule in rules}
    found |= {receiver["name"]: receiver for receiver in content.get("receivers", ())}
    rest = {key: value for key, value in content.items() if key not in ("groups", "receivers")}
    return found | ({"routes": rest} if rest else {})


def _known(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    limits: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    return limits
