"""Every sign that the engine gives ends in the metric that dashboards and alerts ask for."""

from __future__ import annotations

import pytest

from mesh.kernel import clock, metrics
from streams.engine.meter import Meter
from streams.metering import Metrics

APPLICATION = "test.metering"


def value(name: str, **labels: str) -> float:
    """The present value of a series; 0 where there is none."""
    return metrics.REGISTRY.get_sample_value(name, {"application": APPLICATION, **labels}) or 0.0


def signs() -> list[str]:
    """What an engine tells."""
    return [name for name in vars(Meter) if not name.startswith("_")]


@pytest.mark.parametrize("name", signs())
def test_no_sign_is_lost(name: str) -> None:
    """A sign that only the engine's own class took would be measured nowhere."""
    assert name in vars(Metrics)


def test_signs_become_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their labels; an age is never negative, even between clocks that differ."""
    monkeypatch.setattr(clock, "now_seconds", lambda: 1_000.0)
    meter = Metrics(APPLICATION)
    meter.read("fact", 3, 20, 990.0, 7)
    meter.read("fact", 3, 1, 1_001.0, 0)
    meter.written("row", 5)
    meter.parked("fact", "undecodable")
    meter.rewritten("fact", 6)
    meter.worked(0.2)
    meter.rebalanced()
    meter.recovered(1.5, 100, 4)
    meter.corrected(9)
    meter.waited("registry")
    assert value("mesh_records_read_total", topic="fact") == 21
    assert value("mesh_event_age_seconds_sum", topic="fact") == 10
    assert value("mesh_event_age_seconds_count", topic="fact") == 2
    assert value("mesh_lag_records", topic="fact", partition="3") == 0
    assert value("mesh_records_written_total", topic="row") == 5
    assert value("mesh_records_parked_total", topic="fact", code="undecodable") == 1
    assert value("mesh_records_rewritten_total", topic="fact") == 6
    assert value("mesh_batch_seconds_sum") == pytest.approx(0.2)
    assert value("mesh_rebalances_total") == 1
    assert value("mesh_recovery_seconds") == 1.5
    assert value("mesh_recovered_entries_total") == 100
    assert value("mesh_owned_partitions") == 4
    assert value("mesh_rows_corrected_total") == 9
    assert value("mesh_waits_total", part="registry") == 1
