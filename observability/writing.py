"""Writes what Prometheus and Alertmanager read into a mesh's home, and has them read it anew."""

from __future__ import annotations

from pathlib import Path

import httpx

from mesh.kernel.discovery import Mesh
from mesh.kernel.errors import PlatformError, no_answer
from mesh.kernel.settings import Settings
from observability.routes import PASSWORD_FILE, alertmanager
from observability.rules import document, groups, rule_file

PATIENCE = 10.0
"""Seconds that Prometheus or Alertmanager may take to read its files anew."""


def files(mesh: Mesh, settings: Settings, home: Path) -> dict[Path, str]:
    """Every file with its text: the rules of each domain and of the platform, and the routes."""
    rules, folder = home / "prometheus" / "rules", home / "alertmanager"
    found = {
        rules / f"{name}.yaml": rule_file(name, alerts, settings.runbooks)
        for name, alerts in groups(mesh, settings).items()
    }
    found[folder / "alertmanager.yaml"] = document(alertmanager(mesh.domains, settings, folder))
    return found


def changes(mesh: Mesh, settings: Settings, home: Path) -> dict[Path, str | None]:
    """What is not as it should be: files with the text that they shall have, None for one that shall go."""
    wanted = files(mesh, settings, home)
    found: dict[Path, str | None] = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text
    }
    stray = sorted(set((home / "prometheus" / "rules").glob("*.yaml")) - set(wanted))
    return found | dict.fromkeys(stray)


def write(mesh: Mesh, settings: Settings, home: Path) -> list[Path]:
    """Bring the files of a home up to date; give the paths that changed, those removed included."""
    changed, routes = changes(mesh, settings, home), home / "alertmanager"
    for path, text in changed.items():
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent == routes:
                _write_privately(path, text)
            else:  # rules are no secret, and Prometheus may run as somebody else
                path.write_text(text, encoding="utf-8")
    _write_password(settings, routes / PASSWORD_FILE)
    return list(changed)


def reload(settings: Settings) -> None:
    """Have Prometheus and Alertmanager read their files; raise :class:`PlatformError` when one does not.

    ``reload-refused`` when it does not like what it reads; it then goes on with what it had.
    """
    for name, address in (("Prometheus", settings.prometheus), ("Alertmanager", settings.alertmanager)):
        try:
            answer = httpx.post(f"{address.rstrip('/')}/-/reload", timeout=PATIENCE, trust_env=False)
        except httpx.HTTPError as error:
            raise PlatformError(
                "reload-unheard",
                f"{name} {no_answer(error)}",
                place=address,
                remedy="it reads the new rules when it starts: see `mesh status`",
            ) from None
        if answer.is_error:
            raise PlatformError(
                "reload-refused",
                f"{name} keeps its old rules: {' '.join(answer.text.split())}",
                place=address,
                remedy="run `mesh check`",
            )


def _write_password(settings: Settings, path: Path) -> None:
    """Keep the password of the mail server in a file of its own that nobody else can read."""
    if not settings.smtp_password:
        path.unlink(missing_ok=True)
        return
    _write_privately(path, settings.smtp_password)


def _write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner reads: routes hold addresses that whoever knows them may use."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
