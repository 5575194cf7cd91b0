"""``mesh new`` writes a domain that holds to every rule, or says in one line why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mesh.checks.check import Scope, run
from mesh.checks.suite import CHECKS
from mesh.cli.main import app
from mesh.kernel.discovery import find_mesh
from mesh.kernel.errors import ContractError
from mesh.kernel.settings import REMEMBERED_FILE, load_settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that remembers nothing yet."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MESH_DOMAINS", raising=False)
    return tmp_path / "home"


def new(*arguments: str) -> Result:
    """Run ``mesh new``; errors of a person are raised."""
    return CliRunner().invoke(app, ["new", *arguments], catch_exceptions=False)


def test_a_new_domain_is_found_from_then_on(tmp_path: Path, home: Path) -> None:
    """In a folder outside the tree, which the home remembers; with its owner and what comes next."""
    result = new("supplier", "--in", str(tmp_path / "ours"), "--owner", "buying@shop.example")
    assert result.exit_code == 0
    assert "mesh apply" in result.stdout
    assert json.loads((home / REMEMBERED_FILE).read_text()) == {"domains": str(tmp_path / "ours")}
    mesh = find_mesh(load_settings())
    port = mesh.port("supplier.public.supplier.v1")
    assert (port.view, port.owner) == ("supplier.suppliers", "buying@shop.example")
    assert {"freshness", "latency", "completeness", "frequency", "deadLetters"} <= set(port.service_levels)
    assert {promise.classification for promise in port.promises.values()} == {
        "public",
        "internal",
        "personal",
    }


def test_a_second_domain_joins_the_first(tmp_path: Path) -> None:
    """Where nothing else is said, in the same folder."""
    new("delivery", "--in", str(tmp_path / "ours"))
    assert new("branch").exit_code == 0
    assert {"delivery", "branch"} <= {path.name for path in (tmp_path / "ours").iterdir()}


@pytest.mark.parametrize("name", ["goods", "delivery", "b2b"])
def test_the_scaffold_passes_every_check(tmp_path: Path, name: str) -> None:
    """As it stands; nothing that is derived remains to be written."""
    new(name, "--in", str(tmp_path / "ours"))
    mesh = find_mesh(load_settings())
    scope = Scope(tuple(mesh.domains.values()), mesh)
    checks = [check for check in CHECKS if check.name != "imports"]
    assert [str(fault) for check in checks for fault in run(check, scope).faults] == []
    assert CliRunner().invoke(app, ["build", "--check"]).stdout == "everything derived is up to date\n"


def test_the_scaffold_passes_every_conformance_test(tmp_path: Path) -> None:
    """Those that hold for every domain found, whoever wrote it."""
    new("supplier", "--in", str(tmp_path / "ours"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/conformance/test_domains.py"],
        cwd=ROOT,
        env={**os.environ, "MESH_DOMAINS": str(tmp_path / "ours"), "PYTEST_ADDOPTS": "-k 'not imports'"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_shell_that_names_its_folders_is_told_the_line_to_add(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since the variable comes before what the home remembers."""
    new("delivery", "--in", str(tmp_path / "ours"))
    monkeypatch.setenv("MESH_DOMAINS", str(tmp_path / "ours"))
    result = new("supplier", "--in", str(tmp_path / "more"))
    assert f"export MESH_DOMAINS={tmp_path / 'ours'}:{tmp_path / 'more'}" in result.stdout
    assert json.loads((home / REMEMBERED_FILE).read_text()) == {"domains": str(tmp_path / "ours")}


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    """Each of its folders would be taken for a domain."""
    (tmp_path / "ours" / "pictures").mkdir(parents=True)
    with pytest.raises(ContractError, match=r"folder-mixed.*pictures"):
        new("supplier", "--in", str(tmp_path / "ours"))
    assert not (tmp_path / "ours" / "supplier").exists()


def test_a_domain_is_no_folder_for_domains(tmp_path: Path) -> None:
    """Its own folder was meant to be the one above."""
    new("supplier", "--in", str(tmp_path / "ours"))
    with pytest.raises(ContractError, match=r"folder-mixed.*is a domain itself"):
        new("branch", "--in", str(tmp_path / "ours" / "supplier"))


def test_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    """Nothing is ever written over."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "supplier").write_text("notes")
    with pytest.raises(ContractError, match="folder-taken"):
        new("supplier", "--in", str(tmp_path / "ours"))
    assert (tmp_path / "ours" / "supplier").read_text() == "notes"


def test_an_owner_must_be_reachable(tmp_path: Path) -> None:
    """Pages go there."""
    with pytest.raises(ContractError, match="owner-address"):
        new("supplier", "--in", str(tmp_path / "ours"), "--owner", "somebody")
    assert not (tmp_path / "ours").exists()


def test_what_does_not_fit_the_mesh_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the folder that was made for it."""

    def refuse(domains: object) -> None:
        list(domains)  # type: ignore[call-overload]
        raise ContractError("table-repeated", "has two ports")

    monkeypatch.setattr("mesh.cli.new.assemble", refuse)
    with pytest.raises(ContractError, match="table-repeated"):
        new("supplier", "--in", str(tmp_path / "deep" / "ours"))
    assert not (tmp_path / "deep").exists()
