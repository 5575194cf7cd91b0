"""The files of a home follow the contracts; a second time nothing changes; nobody else reads the password."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import PlatformError
from mesh.kernel.settings import Settings
from observability.writing import changes, reload, write

SETTINGS = Settings.model_construct()
MESH = find_mesh(SETTINGS)


def test_a_home_gets_rules_and_routes_and_a_second_time_nothing(tmp_path: Path) -> None:
    """One file of rules a domain and one for the platform."""
    written = [str(path.relative_to(tmp_path)) for path in write(MESH, SETTINGS, tmp_path)]
    rules = [f"prometheus/rules/{name}.yaml" for name in (*MESH.domains, "platform")]
    assert written == [*rules, "alertmanager/alertmanager.yaml"]
    assert write(MESH, SETTINGS, tmp_path) == []
    for path in written:
        assert yaml.safe_load((tmp_path / path).read_text())


def test_what_was_changed_by_hand_or_has_no_domain_is_brought_back(tmp_path: Path) -> None:
    """A flipped threshold is mended, rules of a domain that has gone go as well."""
    write(MESH, SETTINGS, tmp_path)
    rules = tmp_path / "prometheus" / "rules"
    flipped = (rules / "sales.yaml").read_text().replace("> 60", "> 6000")
    (rules / "sales.yaml").write_text(flipped)
    (rules / "gone.yaml").write_text("groups: []\n")
    assert set(changes(MESH, SETTINGS, tmp_path)) == {rules / "sales.yaml", rules / "gone.yaml"}
    assert set(write(MESH, SETTINGS, tmp_path)) == {rules / "sales.yaml", rules / "gone.yaml"}
    assert "> 6000" not in (rules / "sales.yaml").read_text()
    assert not (rules / "gone.yaml").exists()


def test_passwords_and_addresses_are_for_their_owner_only(tmp_path: Path) -> None:
    """Also where a file was readable before; the password goes when the setting goes."""
    settings = SETTINGS.model_copy(
        update={
            "smtp": "smtp://a@mail:587",
            "smtp_password": "canary",
            "dead_man": "https://outside.example/t0ken",
        }
    )
    path, routes = (tmp_path / "alertmanager" / name for name in ("smtp-password", "alertmanager.yaml"))
    routes.parent.mkdir()
    routes.write_text("")
    routes.chmod(0o644)
    write(MESH, settings, tmp_path)
    assert path.read_text() == "canary"
    assert "t0ken" in routes.read_text()
    assert {stat.S_IMODE(file.stat().st_mode) for file in (path, routes)} == {0o600}
    write(MESH, SETTINGS, tmp_path)
    assert not path.exists()


@pytest.fixture
def server() -> Iterator[dict[str, Any]]:
    """Stands for Prometheus and Alertmanager: counts calls, and answers what it is told to."""
    seen: dict[str, Any] = {"paths": [], "status": 200, "body": ""}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen["paths"].append(self.path)
            self.send_response(seen["status"])
            self.end_headers()
            self.wfile.write(seen["body"].encode())

        def log_message(self, *_: Any) -> None:
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    seen["address"] = f"http://127.0.0.1:{http.server_port}"
    yield seen
    http.shutdown()
    http.server_close()


def watching(server: dict[str, Any]) -> Settings:
    """Settings with both at the server."""
    return SETTINGS.model_copy(update={"prometheus": server["address"], "alertmanager": server["address"]})


def test_both_read_their_files_anew(server: dict[str, Any]) -> None:
    """One call each."""
    reload(watching(server))
    assert server["paths"] == ["/-/reload", "/-/reload"]


def test_a_refusal_is_told_with_its_reason(server: dict[str, Any]) -> None:
    """In one line."""
    server |= {"status": 500, "body": json.dumps({"error": "bad\nrule"})}
    with pytest.raises(PlatformError, match="keeps its old rules") as refused:
        reload(watching(server))
    assert refused.value.code == "reload-refused"
    assert "\n" not in str(refused.value)


def test_one_that_is_away_is_told() -> None:
    """The files are written, and it reads them when it starts."""
    away = SETTINGS.model_copy(update={"prometheus": "http://127.0.0.1:1"})
    with pytest.raises(PlatformError, match="Prometheus") as refused:
        reload(away)
    assert refused.value.code == "reload-unheard"
