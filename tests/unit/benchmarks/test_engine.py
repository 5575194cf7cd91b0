"""Engines: each folder can be run, and a wrong name or number is told in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.engine import FOLDER, chosen, engines, load
from mesh.kernel.errors import MeshError

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The benchmarks' own command."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", engines())
def test_every_engine_says_what_a_run_needs(name: str) -> None:
    """And pins exactly what it installs."""
    engine = load(name)
    assert engine.title
    assert engine.records
    assert engine.kind in ("venv", "jars", "own")
    if engine.kind == "venv":
        pins = (FOLDER / name / "requirements.txt").read_text().split()
        assert all("==" in pin for pin in pins), pins
        assert any(pin.endswith(f"=={engine.version}") for pin in pins)


def test_a_misspelt_engine_names_the_near_ones() -> None:
    """One line, exit code 2, before anything is started."""
    done = run("run", "--engines", "bytewaks")
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "BenchmarkError[engine-missing] bytewaks: is not an engine; did you mean 'bytewax'?"
    )


def test_an_engine_that_cannot_do_a_shape_says_which_it_can() -> None:
    """A peer of the dimensions alone has no part in the full shape."""
    with pytest.raises(MeshError, match="bytewax does not do it; it does: lines, orders"):
        chosen(["bytewax"], "full")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--records", "10"), "--records: 10 is not between 1,000 and 100,000,000"),
        (("--rate", "1"), "--rate: 1 is not between 100 and 200,000"),
    ],
)
def test_a_number_out_of_range_is_told(arguments: tuple[str, str], told: str) -> None:
    """With the range, before anything is started."""
    done = run("run", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("text", [None, "[]", "{", '{"factors": [1]}', '[{"shape": "lines"}]'])
def test_a_picture_of_nothing_is_refused(tmp_path: Path, text: str | None) -> None:
    """Nor of a file that is something else; in one line that says what to do."""
    file = tmp_path / "some.json"
    if text is not None:
        file.write_text(text)
    done = run("chart", str(file))
    assert done.returncode == 2
    assert done.stderr.startswith("BenchmarkError[results-missing]")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.glob("*.svg")) == []
