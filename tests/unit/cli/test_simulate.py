"""``mesh simulate``: a table, or JSON, and a person's error in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mesh.cli import main as cli

SMALL = ("simulate", "strideright", "--customers", "200", "--days", "30", "--dry-run")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, without any setting of this machine."""
    for name in [name for name in os.environ if name.startswith("MESH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MESH_HOME", str(tmp_path))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of ``mesh …``."""
    try:
        cli.main(list(arguments))
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    found = capsys.readouterr()
    return code, found.out, found.err


def test_a_table_says_what_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    """An event a row, and how fast it was."""
    code, out, _ = said(capsys, *SMALL)
    assert code == 0
    assert "together" in out
    assert "nothing was sent: " in out
    assert "records in" in out


def test_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    code, out, _ = said(capsys, *SMALL, "--late", "10", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["retailer"] == "strideright"
    assert sum(event["faults"].get("late", 0) for event in report["events"]) > 100


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--late", "70"),
            "SimulationError[argument-out-of-range] --late: 70 is not between 0 and 50 percent;",
        ),
        (("--customers", "0"), "SimulationError[argument-out-of-range] --customers: 0 is not between 1 and"),
        (
            ("--customers", "2000001"),
            "SimulationError[argument-out-of-range] --customers: 2,000,001 is not between 1 and 2,000,000;",
        ),
        (("--live",), "SimulationError[argument-without-use] --days: says how long a history is, but --live"),
        (("--bad", "50"), "SimulationError[simulation-too-bad] --bad: makes some "),
    ],
)
def test_an_argument_out_of_range_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], line: str
) -> None:
    """That names it; exit code 2."""
    code, out, err = said(capsys, *SMALL, *arguments)
    assert code == 2
    assert err.startswith(line)
    assert err.count("\n") == 1
    assert out == ""


def test_a_retailer_without_a_world_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """AdventureWorks has files, and is ingested."""
    code, _, err = said(capsys, "simulate", "adventureworks")
    assert code == 2
    assert err.startswith("SimulationError[world-missing] adventureworks: has no world.yaml;")
