"""Waiting until nothing lags: the wait ends when all is quiet, or with the names of those who lag."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mesh.kernel.broker import Place
from mesh.kernel.errors import ReconcileError
from mesh.kernel.settings import Settings
from mesh.reconcile import settle as module
from mesh.reconcile.settle import Groups, Lag, settle


class Broker:
    """Gives ends and lags one after another; the last ones stay."""

    def __init__(self, ends: list[int], lags: list[int]) -> None:
        self._ends, self._lags = self._steps(ends), self._steps(lags)

    @staticmethod
    def _steps(values: list[int]) -> Iterator[int]:
        yield from values
        while True:
            yield values[-1]

    def __call__(self, settings: Settings) -> Broker:
        return self

    def ends(self) -> dict[Place, int]:
        return {Place("t", 0): next(self._ends)}

    def lags(self, ends: dict[Place, int]) -> list[Lag]:
        lag = next(self._lags)
        return [Lag("mesh.sink", "t", lag)] if lag else []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds."""
    monkeypatch.setattr(module, "QUIET", 0.02)
    monkeypatch.setattr(module, "_POLL", 0.005)


def waited(monkeypatch: pytest.MonkeyPatch, broker: Broker, timeout: float) -> list[int]:
    """The lags that were shown while waiting."""
    monkeypatch.setattr(module, "Groups", broker)
    shown: list[int] = []
    settle(Settings(home="nowhere"), timeout, lambda lags: shown.append(sum(lag.records for lag in lags)))
    return shown


def test_wait_ends_when_nothing_lags_and_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that catches up, and a topic that still grows while nobody lags."""
    shown = waited(monkeypatch, Broker([5, 5, 6, 7, 8], [9, 4, 0]), timeout=10)
    assert shown[:3] == [9, 4, 0]
    assert len(shown) > 5


def test_who_lags_is_named_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says group, topic and by how much."""
    with pytest.raises(ReconcileError, match=r"still-lagging.*mesh\.sink by 1,234 records of t"):
        waited(monkeypatch, Broker([5], [1234]), timeout=0.03)


def test_topic_that_never_rests_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody lags, but records keep coming."""
    with pytest.raises(ReconcileError, match="records keep coming"):
        waited(monkeypatch, Broker(list(range(10_000)), [0]), timeout=0.05)


def test_lag_is_summed_over_partitions_and_counts_from_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was never committed lags by the whole partition; being ahead is no lag."""
    groups = Groups(Settings(home="nowhere", kafka="127.0.0.1:1"))
    records = "customer.raw.customer-record.v1"
    committed = {"mesh.customer-mastering": {Place(records, 0): 7, Place(records, 1): 12}}
    monkeypatch.setattr(groups, "_committed", lambda group, _places: committed.get(group, {}))
    lags = groups.lags({Place(records, 0): 10, Place(records, 1): 11, Place(records, 2): 4})
    assert lags == [Lag("mesh.customer-mastering", records, 3 + 4)]
