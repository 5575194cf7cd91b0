"""The engines that this project must not get wrong, on a real broker: ours in every shape, and every peer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.engine import Engine, load
from benchmarks.ground import Ground, ground
from benchmarks.measure import Place, measure
from benchmarks.shape import shape
from mesh.platform.launch import Listener

pytestmark = pytest.mark.real

ROWS = 2_000


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A broker for all tests of this module."""
    with ground(tmp_path_factory.mktemp("bench"), Listener()) as found:
        yield found


def job(name: str) -> Engine:
    """An engine; Faust's runs in this project's environment, which has it, so that nothing is installed."""
    engine = load(name)
    return replace(engine, kind="own") if name == "vanilla-faust" else engine


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        ("kafka-streams", "lines"),
        ("kafka-streams", "orders"),
        ("kafka-streams-rocksdb", "full"),
        ("ours", "lines"),
        ("ours", "orders"),
        ("ours", "full"),
        ("ours-python", "lines"),
        ("ours-python", "full"),
        ("bytewax", "orders"),
        ("quix-streams", "lines"),
        ("vanilla-faust", "orders"),
    ],
)
def test_every_row_is_right(broker: Ground, tmp_path: Path, engine: str, name: str) -> None:
    """As the judgement of its shape says, which knows nothing of any engine."""
    some = shape(name)
    broker.fill(some, ROWS)
    place = Place(f"bench.out.{engine}-{name}", f"bench.run.{engine}-{name}", tmp_path)
    result = measure(job(engine), some, ROWS, broker, place, 1, lambda *_: None)
    assert result.verified, result.faults
    assert result.rows >= ROWS
    assert result.lines_of_code > 20
