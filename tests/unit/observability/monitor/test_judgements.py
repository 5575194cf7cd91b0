"""What the history says last of each rule becomes series, and no others stay."""

from __future__ import annotations

from mesh.kernel.metrics import REGISTRY
from mesh.kernel.settings import Settings
from observability.monitor.judgements import Judgement, Judgements, series

TOPIC = "sales.public.order-placed.v1"


def shown(name: str, **labels: str) -> float | None:
    """What Prometheus would read."""
    return REGISTRY.get_sample_value(name, {"topic": TOPIC, **labels})


def test_rules_are_counted_by_severity() -> None:
    """Those that do not hold; a rule that is gone has no series any more."""
    judgements = Judgements(Settings())
    judgements.shown.show(
        series(
            [
                Judgement(TOPIC, "a/value-missing", "error", 3, True, 10.0),
                Judgement(TOPIC, "b/value-missing", "error", 1, True, 20.0),
                Judgement(TOPIC, "c/value-missing", "warning", 0, False, 5.0),
            ]
        )
    )
    assert shown("mesh_quality_broken_rules", severity="error") == 2
    assert shown("mesh_quality_broken_rules", severity="warning") == 0
    assert shown("mesh_quality_failing_rows", rule="a/value-missing", severity="error") == 3
    assert shown("mesh_quality_last_judged_timestamp_seconds") == 20.0

    judgements.shown.show(series([Judgement(TOPIC, "a/value-missing", "error", 0, False, 30.0)]))
    assert shown("mesh_quality_broken_rules", severity="error") == 0
    assert shown("mesh_quality_broken_rules", severity="warning") is None
    assert shown("mesh_quality_failing_rows", rule="b/value-missing", severity="error") is None
    judgements.shown.show({})
