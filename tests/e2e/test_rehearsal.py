"""What the Java runtime learnt during `make setup` is of use to broker and registry as they are started."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mesh.platform import broker, jars, registry
from mesh.platform.part import Part
from mesh.platform.paths import Paths

pytestmark = pytest.mark.real
Declare = Callable[[Paths, jars.Jars, int, int], Part]


@pytest.mark.parametrize("declare", [broker.declare, registry.declare], ids=["broker", "registry"])
def test_the_runtime_takes_what_it_learnt(declare: Declare, tmp_path: Path) -> None:
    """Started with the part's own options and jars, and told to refuse where anything does not fit."""
    program, *options = declare(Paths.of(tmp_path / "home"), jars.fetch(), 1, 2).command
    jar = options.index("-cp" if "-cp" in options else "-jar")
    told = [program, *options[:jar], "-XX:AOTMode=on", "-cp", options[jar + 1], "-version"]
    assert any(option.startswith("-XX:AOTCache=") for option in told), "run `make setup`"
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
