"""The command line: every verb has help, and an error is one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mesh.cli import main as cli
from mesh.kernel.errors import PlatformError


@pytest.mark.parametrize("verb", cli.verbs())
def test_every_verb_has_help(verb: str) -> None:
    """A docstring for the verb and a text for each of its arguments and options."""
    command = cli.load(verb)
    assert command.help, f"mesh {verb} has no help"
    for parameter in command.params:
        if parameter.name != "help":
            assert getattr(parameter, "help", None), f"mesh {verb}: {parameter.name} has no help"


def test_help_lists_every_verb() -> None:
    """`mesh --help` shows what there is."""
    shown = CliRunner().invoke(cli.app, ["--help"])
    assert shown.exit_code == 0
    assert all(f" {verb} " in shown.output for verb in cli.verbs())


def test_a_misspelt_verb_names_the_nearest() -> None:
    """The remedy is a verb that exists."""
    shown = CliRunner().invoke(cli.app, ["statsu"])
    assert shown.exit_code == 2
    assert "'status'" in shown.output


def test_an_error_is_one_line_and_exit_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """No traceback: type, code, place, what, remedy."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "none"))
    with pytest.raises(SystemExit) as ended:
        cli.main(["status"])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("PlatformError[platform-down]")
    assert err.count("\n") == 1


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (PlatformError("x", "y"), 2)])
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int) -> None:
    """Interrupted is 130, a person's error 2."""

    def command() -> None:
        """Fail."""
        raise raised

    single = typer.Typer(pretty_exceptions_enable=False)
    single.command()(command)
    monkeypatch.setattr(cli, "app", single)
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == code


@pytest.mark.parametrize(("words", "expected"), [("Query interrupted", SystemExit), ("a bug", RuntimeError)])
def test_an_interrupted_query_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, words: str, expected: type[BaseException]
) -> None:
    """DuckDB answers Ctrl-C with an error of its own; any other error is shown."""

    def interrupted(_argv: object) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(expected) as ended:
        cli.main([])
    assert getattr(ended.value, "code", 130) == 130


def test_a_warehouse_that_is_away_is_one_short_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The system's reason, without the client's wrapping and its own log lines."""
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("MESH_WAREHOUSE", "http://127.0.0.1:1")
    with pytest.raises(SystemExit):
        cli.main(["query", "SELECT 1"])
    assert capsys.readouterr().err == (
        "WarehouseError[warehouse-unreachable] http://127.0.0.1:1: does not answer ([Errno 111] Connection"
        " refused); see `mesh status` and `mesh logs warehouse`\n"
    )
