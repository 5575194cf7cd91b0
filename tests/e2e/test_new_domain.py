"""The tutorial for a new domain, followed to the letter: every block of the page, run in its order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "portal" / "docs" / "tutorial" / "new-domain.md"
TEN_MINUTES = 600.0
PATIENCE = 240.0
"""Seconds that something may take to show itself to a command that only looks."""
LOOKING = ("mesh query", "mesh tail", "mesh incidents", "mesh describe", "mesh dash", "mesh reconcile")
_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FRAME = re.compile(r"[│┃║|\s]+")


class Step(NamedTuple):
    """One command of the page, as a shell takes it, and the lines that it is to print."""

    command: str
    expected: list[str]

    def missing(self, output: str) -> str | None:
        """The first expected line that the output does not have, after those before it; None when all are."""
        lines = [_FRAME.sub(" ", line).strip() for line in output.splitlines()]
        for wanted in self.expected:
            parts = [re.escape(_FRAME.sub(" ", part).strip()) for part in wanted.split("…")]
            pattern = re.compile(".*".join(parts))
            found = next((n for n, line in enumerate(lines) if pattern.fullmatch(line)), None)
            if found is None and wanted != "…":
                return wanted
            lines = lines[(found or 0) + (wanted != "…") :]
        return None


def steps(text: str) -> Iterator[Step]:
    """The commands of a page; a Python block is one of them."""
    for kind, body in _BLOCK.findall(text):
        if kind == "python":
            yield Step(f"python - <<'END'\n{body}END\n", [])
            continue
        command, expected, ends = "", list[str](), ""
        for line in body.splitlines():
            if ends:
                command += f"{line}\n"
                ends = "" if line == ends else ends
            elif line.startswith("$ "):
                if command:
                    yield Step(command, expected)
                command, expected = f"{line[2:]}\n", []
                ends = "END" if "<<'END'" in line else ""
            else:
                expected.append(line)
        yield Step(command, expected)


class Shell:
    """Runs commands in one folder, for a mesh of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.env = {**clean, "PATH": path, "MESH_HOME": str(folder / "home"), "COLUMNS": "200"}

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; errors stand in its output."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A folder beside which the whole mesh runs, watched; ended whatever happened."""
    shell = Shell(tmp_path_factory.mktemp("tutorial"))
    try:
        started = shell.run("mesh up")
        assert started.returncode == 0, started.stdout
        yield shell
    finally:
        print(shell.run("mesh down --purge").stdout)


@pytest.mark.real
@pytest.mark.timed
@pytest.mark.timeout(1500)
def test_the_tutorial_works_to_the_letter(shell: Shell) -> None:
    """From an empty folder to a page, within ten minutes."""
    began = time.monotonic()
    for step in steps(PAGE.read_text(encoding="utf-8")):
        deadline = time.monotonic() + (PATIENCE if step.command.startswith(LOOKING) else 0)
        done = shell.run(step.command)
        while (missing := step.missing(done.stdout)) and time.monotonic() < deadline:
            time.sleep(1)
            done = shell.run(step.command)
        print(f"{time.monotonic() - began:6.1f} s  $ {step.command}{done.stdout}")
        assert missing is None, f"{step.command}does not print {missing!r}:\n{done.stdout}"
        assert done.returncode == 0 or step.expected, done.stdout
    assert time.monotonic() - began < TEN_MINUTES


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        (["a b", "…", "d"], None),
        (["… b", "c …"], None),
        (["c", "a b"], "c"),
        (["d", "a b"], "a b"),
        (["a"], "a"),
    ],
)
def test_a_page_that_promises_something_else_is_caught(expected: list[str], missing: str | None) -> None:
    """Lines in another order, lines that are not there, half a line."""
    assert Step("", expected).missing("│ a   b │\nc 1\nd\n") == missing


def test_commands_are_taken_from_the_page_as_they_stand() -> None:
    """With what is handed to them, and without what they print."""
    page = "```console\n$ cat <<'END'\n$ 1\nEND\n1\n$ ls\nx\n```\n```python\nprint(1)\n```\n"
    assert list(steps(page)) == [
        Step("cat <<'END'\n$ 1\nEND\n", ["1"]),
        Step("ls\n", ["x"]),
        Step("python - <<'END'\nprint(1)\nEND\n", []),
    ]
