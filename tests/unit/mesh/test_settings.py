"""Settings come from the environment, then from what a home remembers, then from the running platform."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mesh.kernel.errors import SettingsError
from mesh.kernel.settings import PLATFORM_FILE, REMEMBERED_FILE, load_settings, remember


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which a platform runs that was started without domains of its own."""
    monkeypatch.delenv("MESH_DOMAINS", raising=False)
    running = {"settings": {"domains": "", "kafka": "127.0.0.1:19092"}}
    (tmp_path / PLATFORM_FILE).write_text(json.dumps(running))
    return tmp_path


def test_what_is_remembered_comes_before_what_the_platform_was_started_with(home: Path) -> None:
    """And leaves everything else as it is."""
    assert remember(home, domains="/somewhere")
    settings = load_settings(home=home)
    assert (settings.domains, settings.kafka) == ("/somewhere", "127.0.0.1:19092")


def test_the_environment_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets a variable means it."""
    remember(home, domains="/somewhere")
    monkeypatch.setenv("MESH_DOMAINS", "/elsewhere")
    assert load_settings(home=home).domains == "/elsewhere"


def test_remembering_twice_changes_nothing(tmp_path: Path) -> None:
    """And keeps what was remembered before; a home is made where there is none."""
    home = tmp_path / "new" / "home"
    assert remember(home, domains="/a", currency="EUR")
    assert not remember(home, domains="/a")
    assert remember(home, domains="/b")
    assert (load_settings(home=home).domains, load_settings(home=home).currency) == ("/b", "EUR")


@pytest.mark.parametrize("text", ["{", "[]", "\x80"])
def test_a_broken_file_is_one_clear_line(home: Path, text: str) -> None:
    """Naming the file."""
    (home / REMEMBERED_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=rf"setting-invalid.*{REMEMBERED_FILE}"):
        load_settings(home=home)


def test_an_unknown_setting_in_the_file_is_refused(home: Path) -> None:
    """As an unknown variable is."""
    (home / REMEMBERED_FILE).write_text('{"domain": "/a"}')
    with pytest.raises(SettingsError, match=r"setting-invalid.*DOMAIN"):
        load_settings(home=home)
