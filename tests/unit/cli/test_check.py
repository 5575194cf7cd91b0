"""``mesh check`` says what is wrong, to people and to programs."""

from __future__ import annotations

import json

import pytest
import typer

from mesh.checks.check import Check, Result
from mesh.cli import check
from mesh.kernel.errors import ContractError

FAULT = ContractError(
    "field-unknown", "'store' is unknown", place="contract.yaml:4", remedy="did you mean 'shop'?"
)


def results(monkeypatch: pytest.MonkeyPatch, *faults: ContractError) -> None:
    """Have the suite find these faults in its second check."""
    sample = Check("sample", "that samples hold", lambda scope: [])
    found = [Result(sample, ()), Result(sample, faults)]
    monkeypatch.setattr(check, "run_all", lambda settings: found)


def test_a_sound_mesh_passes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No exit code, and one line a check."""
    results(monkeypatch)
    check.command()
    assert capsys.readouterr().out.count("that samples hold") == 2


def test_a_fault_is_shown_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, the check's row, and the fault with its place and remedy."""
    results(monkeypatch, FAULT)
    with pytest.raises(typer.Exit) as caught:
        check.command()
    assert caught.value.exit_code == 1
    out = capsys.readouterr().out
    assert "1 failed" in out
    assert f"{FAULT}\n" in out


def test_programs_read_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The same, as data."""
    results(monkeypatch, FAULT)
    with pytest.raises(typer.Exit):
        check.command(as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [entry["ok"] for entry in document] == [True, False]
    assert document[1]["faults"] == [
        {
            "code": "field-unknown",
            "place": "contract.yaml:4",
            "what": "'store' is unknown",
            "remedy": "did you mean 'shop'?",
        }
    ]
