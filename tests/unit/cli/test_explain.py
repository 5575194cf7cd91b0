"""``mesh explain``: one entry of the list of error codes."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from mesh.cli.explain import PAGE, entries
from mesh.cli.main import app, main


def test_an_entry_tells_meaning_and_remedy() -> None:
    """As the page has it, unbroken."""
    shown = CliRunner().invoke(app, ["explain", "port-taken"])
    assert shown.exit_code == 0
    assert shown.stdout.startswith("port-taken\n\nA port that was asked for")
    assert "What to do: Free it" in shown.stdout


def test_no_code_lists_all() -> None:
    """In alphabetical order."""
    shown = CliRunner().invoke(app, ["explain"]).stdout.split()
    assert shown == sorted(entries())


def test_every_heading_of_the_page_is_an_entry() -> None:
    """No entry is lost because it is written in another form."""
    headings = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == list(entries())
    assert len(headings) == len(set(headings))


def test_an_unknown_code_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """One line and exit 2."""
    with pytest.raises(SystemExit) as ended:
        main(["explain", "port-taker"])
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert shown.startswith(
        "MeshError[code-unknown] port-taker: is not an error code; did you mean 'port-taken'"
    )
    assert shown.count("\n") == 1
