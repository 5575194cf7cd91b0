"""An engine under measurement: a folder of ``engines/`` with ``engine.toml`` and its job."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.error import BenchmarkError
from mesh.kernel.errors import did_you_mean
from mesh.platform.paths import ROOT

FOLDER = Path(__file__).parent / "engines"


@dataclass(frozen=True)
class Engine:
    """What ``engine.toml`` says.

    ``kind`` is where its programs come from: ``venv`` (``requirements.txt`` beside it), ``jars``
    (``jgo.toml`` and ``jgo.lock.toml`` beside it) or ``own`` (this project's environment). In ``command``
    the words ``{python}``, ``{java}``, ``{classpath}``, ``{here}`` and ``{state}`` stand for paths.
    ``records`` is how many rows of each shape it is measured with unless another number is asked for.
    """

    name: str
    title: str
    version: str
    kind: Literal["venv", "jars", "own"]
    command: tuple[str, ...]
    records: dict[str, int]
    prepare: tuple[str, ...] = ()
    """A command that is run to its end before the first measurement of a run, with the same words."""
    env: tuple[tuple[str, str], ...] = ()
    job: str = ""
    """The engine whose job this is with other settings; its own when empty."""
    sources: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    """By shape: the files and folders of the job that do it."""

    @property
    def folder(self) -> Path:
        """The folder of its job."""
        return FOLDER / (self.job or self.name)

    @property
    def shapes(self) -> tuple[str, ...]:
        """The shapes that it can do."""
        return tuple(self.records)

    def sources_of(self, shape: str) -> tuple[Path, ...]:
        """The files and folders that do a shape; the whole job where nothing is said of it."""
        return self.sources.get(shape, (self.folder,))


def engines() -> list[str]:
    """The names of all engines."""
    return sorted(path.parent.name for path in FOLDER.glob("*/engine.toml"))


def load(name: str) -> Engine:
    """An engine by name. Raises :class:`BenchmarkError` (``engine-missing``) with the nearest names."""
    path = FOLDER / name / "engine.toml"
    if name not in engines():
        raise BenchmarkError(
            "engine-missing", "is not an engine", place=name, remedy=did_you_mean(name, engines())
        )
    document = tomllib.loads(path.read_text())
    job = document.get("job", "")
    try:
        return Engine(
            name=name,
            title=document["title"],
            version=document["version"],
            kind=document["kind"],
            command=tuple(document["command"]),
            records=dict(document["records"]),
            prepare=tuple(document.get("prepare", ())),
            env=tuple(document.get("env", {}).items()),
            job=job,
            sources=_sources(FOLDER / job / "engine.toml" if job else path),
        )
    except KeyError as error:
        raise BenchmarkError(
            "engine-invalid", f"{error} is missing", place=str(path), remedy="see benchmarks/README.md"
        ) from None


def _sources(path: Path) -> dict[str, tuple[Path, ...]]:
    """What an ``engine.toml`` says of its job's sources; those of our own lie anywhere in this project."""
    document: dict[str, Any] = tomllib.loads(path.read_text())
    root = ROOT if document["kind"] == "own" else path.parent
    found = {
        shape: tuple(root / name for name in names) for shape, names in document.get("sources", {}).items()
    }
    if missing := [one for some in found.values() for one in some if not one.exists()]:
        raise BenchmarkError(
            "engine-invalid",
            f"sources: {missing[0]} is not there",
            place=str(path),
            remedy="see benchmarks/README.md",
        )
    return found


def chosen(names: Iterable[str], shape: str) -> list[Engine]:
    """The engines of these names. Raises :class:`BenchmarkError` where one cannot do the shape."""
    found = [load(name) for name in names]
    for one in found:
        if shape not in one.shapes:
            raise BenchmarkError(
                "shape-unknown",
                f"{one.name} does not do it",
                place=shape,
                remedy="it does: " + ", ".join(one.shapes),
            )
    return found
