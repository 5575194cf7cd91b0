"""``mesh build``: writes what is derived, and tells what is stale."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mesh.cli.main import app
from schemas import published

STALE = "sales/OrderPlaced/v1.avsc"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the published schemas, from which the orders' is missing."""
    copy = tmp_path / "published"
    shutil.copytree(published.ROOT, copy)
    monkeypatch.setattr(published, "ROOT", copy)
    run()
    (copy / STALE).unlink()
    return copy


def run(*arguments: str) -> Result:
    """Run ``mesh build``."""
    return CliRunner().invoke(app, ["build", *arguments])


def test_check_names_what_is_stale_and_writes_nothing(root: Path) -> None:
    """Exit 1, with the file and the remedy."""
    result = run("--check")
    assert result.exit_code == 1
    assert STALE in result.stdout
    assert "mesh build" in result.stderr
    assert not (root / STALE).exists()


def test_build_writes_what_is_stale(root: Path) -> None:
    """Once; the second time there is nothing to do."""
    result = run()
    assert result.exit_code == 0
    assert STALE in result.stdout
    assert (root / STALE).exists()
    assert run().stdout == "everything derived is up to date\n"
    assert run("--check").exit_code == 0
