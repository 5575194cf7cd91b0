"""``mesh logs`` shows the end of a log."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mesh.cli import main as cli
from mesh.kernel.errors import PlatformError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the log of a broker: a hundred thousand lines."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "broker.log").write_text("".join(f"line {n}\n" for n in range(100_000)))
    return tmp_path


@pytest.mark.parametrize("count", [0, 1, 3, 20_000, 100_000, 200_000])
def test_the_last_lines_are_shown(home: Path, count: int) -> None:
    """So many lines and no others, however long the log."""
    shown = CliRunner().invoke(cli.app, ["logs", "broker", "-n", str(count)])
    first = max(0, 100_000 - count)
    assert shown.output.splitlines() == [f"line {n}" for n in range(first, 100_000)]


@pytest.mark.parametrize("part", ["brokr", "../logs/broker"])
def test_an_unknown_log_names_the_nearest(home: Path, part: str) -> None:
    """Nothing outside of the folder of logs is read."""
    with pytest.raises(PlatformError, match="log-unknown"):
        CliRunner().invoke(cli.app, ["logs", part], catch_exceptions=False)
