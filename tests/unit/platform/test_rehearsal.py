"""What a rehearsal changes of a part, and where the runtime looks for what it learnt."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mesh.platform.java import COMMON, java, learnt_of
from mesh.platform.part import Health, Part
from mesh.platform.rehearsal import GRACE, watched


def part(name: str) -> Part:
    """A part of this name."""
    return Part(name, ("/jvm/java", "-Xmx1m", "Main"), Health("http", "http://127.0.0.1:1/"), "", "1")


def test_the_runtime_is_told_of_what_it_learnt_where_there_is_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this program and no other."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert java("broker")[1:] == java()[1:] == COMMON
    learnt_of("broker").parent.mkdir(parents=True)
    learnt_of("broker").touch()
    assert f"-XX:AOTCache={tmp_path}/share/mesh/broker.aot" in java("broker")
    assert java("registry")[1:] == java()[1:] == COMMON


def test_the_runtime_writes_down_what_it_learns_of_java_programs(tmp_path: Path) -> None:
    """And has the time for it when it ends; nothing else of the part is another."""
    found = watched(part("broker"), tmp_path)
    assert found.command == ("/jvm/java", f"-XX:AOTCacheOutput={tmp_path}/broker.aot", "-Xmx1m", "Main")
    assert found.grace == GRACE
    assert watched(part("warehouse"), tmp_path) == part("warehouse")
