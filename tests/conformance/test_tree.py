"""The shape of the repository: small modules with names that say something, and nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
"""Of a module; what is longer holds two nouns."""
MOST_LINES_OF_TESTS = 600
"""Tests of one module stand in one file, so it is as long as the module has cases."""
MEDIAN_LINES = 120

_EMPTY_NAMES = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "managers",
    "common",
    "misc",
    "base",
    "stuff",
}
_MACHINE = re.compile("|".join(map(re.escape, (f"{ROOT}/", "/work" + "/", "/root" + "/", "/Users" + "/"))))
_UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
_DRAFTS = re.compile(r"\b(?:design|style|requirements)\.md\b|\bprototypes/")


def tracked(*patterns: str) -> list[Path]:
    """The files under version control, as they are now."""
    found = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in found.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def modules() -> dict[Path, int]:
    """Every Python module of the product with its lines."""
    return {
        path: path.read_text().count("\n")
        for path in tracked("*.py")
        if not path.is_relative_to(ROOT / "tests")
    }


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every tracked text but this one, which has to spell what it looks for."""
    found = {}
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw[:8000] and path != Path(__file__):
            found[str(path.relative_to(ROOT))] = raw.decode(errors="replace")
    return found


def test_no_module_is_long() -> None:
    """None over the limit, and tests within theirs."""
    long = [f"{path}: {lines}" for path, lines in modules().items() if lines > MOST_LINES]
    for path in tracked("tests/*.py"):
        lines = path.read_text().count("\n")
        if lines > MOST_LINES_OF_TESTS:
            long.append(f"{path}: {lines}")
    assert long == []


def test_most_modules_are_short() -> None:
    """The median of those that hold code."""
    assert median(lines for lines in modules().values() if lines > 1) < MEDIAN_LINES


def test_every_module_is_named_for_what_it_holds() -> None:
    """Not for its being useful."""
    assert [path for path in tracked("*.py") if path.stem in _EMPTY_NAMES] == []


@pytest.mark.parametrize("pattern", [_MACHINE, _UNFINISHED, _DRAFTS], ids=["machine", "unfinished", "drafts"])
def test_no_file_speaks_of_where_it_was_made(texts: dict[str, str], pattern: re.Pattern[str]) -> None:
    """No path of one machine, no note to oneself, no paper that a reader cannot open."""
    found = {name: hit[0] for name, text in texts.items() if (hit := pattern.search(text))}
    assert found == {}


def test_what_must_not_stand_there_is_found() -> None:
    """The patterns of the test above, on samples that they must refuse."""
    assert _MACHINE.search(f"see {ROOT}/mesh")
    assert _UNFINISHED.search("# TODO: later")
    assert _DRAFTS.search("as design.md says")
    assert not _UNFINISHED.search("todos, hackney")


def strangers(path: Path) -> set[str]:
    """Modules of this repository that a test of the engine imports, other than the engine and its tests."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    ours = {one.name for one in ROOT.iterdir() if one.is_dir()}
    return {
        name
        for name in found
        if name.split(".")[0] in ours
        and not f"{name}.".startswith(("streams.engine.", "tests.unit.streams.engine."))
    }


def test_whoever_takes_the_engine_can_take_its_tests() -> None:
    """They know it and each other, and nothing of this mesh."""
    assert {path: found for path in tracked("tests/unit/streams/engine") if (found := strangers(path))} == {}


def test_a_test_that_knows_the_mesh_is_found(tmp_path: Path) -> None:
    """However it is imported."""
    test = tmp_path / "test_x.py"
    test.write_text(
        "import streams.engine.fold, schemas.codec\nfrom mesh.kernel import names\n", encoding="utf-8"
    )
    assert strangers(test) == {"schemas.codec", "mesh.kernel"}
