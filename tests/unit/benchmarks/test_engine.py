"""Engines: each folder can be run, and a wrong name or number is told in one line."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.engine import FOLDER, chosen, engines, load
from benchmarks.source import lines_of_code
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


@pytest.mark.parametrize("name", engines())
def test_every_engine_has_sources_of_each_shape(name: str) -> None:
    """Where shapes differ it says which files do which, and each file is there."""
    engine = load(name)
    assert set(engine.sources) in (set(), set(engine.shapes))
    for shape in engine.shapes:
        assert lines_of_code(engine.sources_of(shape)) > 20


def test_what_a_shape_does_not_use_is_not_counted_for_it() -> None:
    """The mesh's own fold belongs to ``full`` alone, as the peer's does."""
    ours, peer = load("ours"), load("kafka-streams")
    assert [path.name for path in ours.sources_of("lines")] == ["job.py"]
    assert ROOT / "streams" / "orders_enriched" in ours.sources_of("full")
    flat, full = ({path.stem for path in peer.sources_of(shape)} for shape in ("lines", "full"))
    assert (flat - full, full - flat) == (
        {"Flat"},
        {"Fact", "Fold", "Full", "Known", "Layout", "Newest", "Rows"},
    )
    assert {path.stem for path in (peer.folder / "src").iterdir()} == flat | full


def test_an_engine_with_the_job_of_another_has_its_sources() -> None:
    """They are said once, beside the job."""
    assert load("ours-python").sources == load("ours").sources
    assert load("kafka-streams-rocksdb").sources == load("kafka-streams").sources


def test_a_source_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its lines would be missing in silence."""
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "engine.toml").write_text(
        'title = "Some"\nversion = "1"\nkind = "venv"\ncommand = []\n'
        '[records]\nlines = 1\n[sources]\nlines = ["gone.py"]\n'
    )
    monkeypatch.setattr("benchmarks.engine.FOLDER", tmp_path)
    with pytest.raises(MeshError, match=r"engine-invalid.* sources: .*gone.py is not there"):
        load("some")


@pytest.mark.parametrize(("name", "is_compiled"), [("ours", True), ("ours-python", False)])
def test_python_alone_leaves_every_compiled_part_out(name: str, is_compiled: bool) -> None:
    """By its setting, which all of them obey; without a compiler there is none to leave out."""
    said = dict(load(name).env)
    env = {key: text for key, text in os.environ.items() if key != "STREAMS_KERNEL"} | said
    code = (
        "import sys, streams.applications, streams.engine.assembly, streams.orders_enriched.kernel as own, "
        "streams.engine.kernel as engine; "
        "print([one.__name__ for one in (engine.KERNEL, engine.RECORDS, own._INTAKE, own._ROWS) if one]); "
        "print([one for one in sys.modules if one.split('.')[0] in ('streams', 'sinks') "
        "and one.endswith(('._kernel', '._records', '._intake', '._rows'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    bound, loaded = map(ast.literal_eval, done.stdout.splitlines())
    if is_compiled:
        assert sorted(bound) == sorted(loaded)
    else:
        assert (bound, loaded) == ([], [])


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
