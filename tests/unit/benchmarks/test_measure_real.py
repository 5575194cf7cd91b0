"""The harness on a real broker: a right engine passes, a wrong one and a dead one do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from benchmarks import run
from benchmarks.engine import Engine
from benchmarks.ground import Ground, ground
from benchmarks.latency import observe
from benchmarks.measure import Place, measure
from benchmarks.shape import Live, shape
from mesh.kernel.errors import MeshError
from mesh.platform.launch import Listener

pytestmark = pytest.mark.real

ROWS = 2_000
JOB = Path(__file__).parent / "plain_job.py"
PLAIN = Engine(
    name="plain",
    title="Plain",
    version="1",
    kind="own",
    command=("{python}", str(JOB)),
    records={"lines": ROWS, "orders": ROWS},
)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A broker for all tests of this module."""
    with ground(tmp_path_factory.mktemp("bench"), Listener()) as found:
        yield found


def place(folder: Path, name: str) -> Place:
    """Where a run leaves its traces."""
    return Place(f"bench.out.test-{name}", f"bench.run.test-{name}", folder)


@pytest.mark.parametrize("name", ["lines", "orders"])
def test_a_right_engine_is_measured_and_leaves_nothing_behind(
    broker: Ground, tmp_path: Path, name: str
) -> None:
    """Its rows are counted and judged, its output is deleted, the input stays for the next engine."""
    some, seen = shape(name), list[int]()
    assert broker.fill(some, ROWS) > 0
    where = place(tmp_path, name)
    result = measure(PLAIN, some, ROWS, broker, where, 1, lambda out, _wanted, _cpu: seen.append(out))
    assert result.verified, result.faults
    assert result.rows == ROWS == seen[-1]
    assert result.whole_run_rows_per_cpu_second > 0
    assert result.peak_memory_mb > 20
    assert where.out not in broker.topics()
    assert broker.fill(some, ROWS) == 0


def test_a_wrong_row_is_found(broker: Ground, tmp_path: Path) -> None:
    """One field of one row among two thousand."""
    some = shape("lines")
    broker.fill(some, ROWS)
    engine = replace(PLAIN, env=(("BENCH_SPOILED", "1"),))
    result = measure(engine, some, ROWS, broker, place(tmp_path, "spoiled"), 1, lambda *_: None)
    assert not result.verified
    assert len(result.faults) == 2
    assert "store_city is 'nowhere'" in result.faults[0]
    assert result.faults[1] == f"1 of {ROWS:,} rows are missing"


def test_an_engine_that_ends_is_told_with_its_last_words(broker: Ground, tmp_path: Path) -> None:
    """In one line, with where its log is."""
    some = shape("lines")
    broker.fill(some, ROWS)
    engine = replace(PLAIN, command=("{python}", "-c", "raise SystemExit('no such topic')"))
    with pytest.raises(MeshError, match=r"engine-failed.* no such topic; see .*log"):
        measure(engine, some, ROWS, broker, place(tmp_path, "dead"), 1, lambda *_: None)


def test_latency_is_measured_at_a_steady_rate(
    broker: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each row after the warming up, from its order's moment to its arrival."""
    monkeypatch.setattr("benchmarks.latency.WARM_UP", 1.0)
    monkeypatch.setattr("benchmarks.latency.MEASURED", 2.0)
    some = shape("orders")
    assert isinstance(some, Live)
    found = observe(PLAIN, some, 200, broker, place(tmp_path, "latency"))
    assert found.kept_up
    assert 200 <= found.rows <= 800
    p50, p95, p99 = (seconds or 0.0 for seconds in (found.p50, found.p95, found.p99))
    assert 0 < p50 <= p95 <= p99 < 60


ENGINE = """
title = "Plain"
version = "1"
kind = "own"
command = {command}
[records]
lines = 2_000
"""


def test_an_engine_that_fails_does_not_keep_the_others_from_being_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, and the run ends with exit code 1; what was found is kept."""
    for name, command in {
        "dead": ["{python}", "-c", "exit('gone')"],
        "plain": ["{python}", str(JOB)],
    }.items():
        (tmp_path / "engines" / name).mkdir(parents=True)
        (tmp_path / "engines" / name / "engine.toml").write_text(ENGINE.format(command=json.dumps(command)))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("benchmarks.engine.FOLDER", tmp_path / "engines")
    monkeypatch.setattr(run, "LATEST", tmp_path / "latest.json")
    with pytest.raises(typer.Exit) as ended:
        run.command(latency=False, as_json=True)
    assert ended.value.exit_code == 1
    told = capsys.readouterr()
    assert "engine-failed" in told.err
    (found,) = json.loads(told.out)
    assert found["engine"] == "plain"
    assert found["verified"]
    assert json.loads((tmp_path / "latest.json").read_text()) == [found]
