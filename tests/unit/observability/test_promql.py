"""The names of metrics are found in expressions, and those that nobody exports are refused."""

from __future__ import annotations

import pytest

from observability.promql import faults, known, metrics


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up == 0", ["up"]),
        (
            "sum by (part) (rate(mesh_pages_total{topic=~\".+{2}\", a='up'}[5m:10s] offset 1m)) > bool 2e3",
            ["mesh_pages_total"],
        ),
        (
            "histogram_quantile(0.95, sum by (le) (rate(mesh_batch_seconds_bucket[1m])))",
            ["mesh_batch_seconds_bucket"],
        ),
        ("a_b + on (c, d) group_left (e) f_g * Inf - 0x1F unless ignoring (h) a_b", ["a_b", "f_g"]),
        ("x_y # and z_z\n", ["x_y"]),
        ("topk(3, mesh_lag_records) and time() - 1.5e3 > 0 or vector(1)", ["mesh_lag_records"]),
        ("max without (a) (level:name:sum)", ["level:name:sum"]),
        ('ALERTS{alertname="x\\"}y"} or x_y offset -5m', ["ALERTS", "x_y"]),
    ],
)
def test_metrics_are_found(expression: str, names: list[str]) -> None:
    """Not functions, labels, words of the language, texts and numbers."""
    assert list(metrics(expression)) == names


def test_series_of_histograms_and_counters_are_known_by_their_full_names() -> None:
    """As a query has them."""
    assert {"mesh_event_age_seconds_bucket", "mesh_records_read_total", "mesh_behind_records"} <= known()
    assert "mesh_event_age_seconds" not in known()
    assert "mesh_records_read" not in known()


def test_an_unknown_metric_is_refused_with_the_nearest_name() -> None:
    """In one line with its place."""
    (fault,) = faults("max(mesh_behind_second) > 1", "alerts.yaml:3")
    assert (fault.code, fault.place) == ("series-unknown", "alerts.yaml:3")
    assert "did you mean 'mesh_behind_seconds'" in str(fault)
    (far,) = faults("nothing_like_it", "alerts.yaml:3")
    assert "mesh/kernel/metrics.py" in str(far)


@pytest.mark.parametrize("name", ["up", "alertmanager_alerts", "prometheus_tsdb_head_series", "ALERTS"])
def test_what_prometheus_itself_exports_is_known(name: str) -> None:
    """It is not in our list."""
    assert list(faults(name, "here")) == []
