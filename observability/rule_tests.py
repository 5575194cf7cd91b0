"""Tests of the rules for promtool: at which second each alert fires, and that below its limit it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from observability.alerts import Alert, Case
from observability.rules import document

STEP = 5
"""Seconds between two samples and between two evaluations, as on the local mesh."""


def test_file(name: str, alerts: Iterable[Alert], runbooks: str) -> str:
    """The test file of one group of alerts, to lie in a folder beside that of its rules."""
    return document(
        {
            "rule_files": [f"../rules/{name}.yaml"],
            "evaluation_interval": f"{STEP}s",
            "tests": [_test(alert, case, runbooks) for alert in alerts for case in alert.proof],
        }
    )


def _test(alert: Alert, case: Case, runbooks: str) -> dict[str, Any]:
    return {
        "name": f"{alert.name}: {case.says}",
        "interval": f"{STEP}s",
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "alert_rule_test": list(_moments(alert, case, runbooks)),
    }


def _moments(alert: Alert, case: Case, runbooks: str) -> Iterator[dict[str, Any]]:
    """Just before it fires and when it does; every half minute where it never does."""
    if case.fires is None:
        for at in (*range(0, case.until, 30), case.until):
            yield _moment(alert, at, [])
        return
    if case.fires:
        yield _moment(alert, case.fires - STEP, [])
    fired = {
        "exp_labels": alert.all_labels | dict(case.labels),
        "exp_annotations": _filled(alert.annotations(runbooks, case.shown), case),
    }
    yield _moment(alert, case.fires, [fired])
    if case.stays:
        yield _moment(
            alert, case.stays, [fired | {"exp_annotations": _filled(alert.annotations(runbooks, ""), case)}]
        )


def _moment(alert: Alert, at: int, fired: list[dict[str, Any]]) -> dict[str, Any]:
    return {"eval_time": f"{at}s", "alertname": alert.name, "exp_alerts": fired}


def _filled(annotations: dict[str, str], case: Case) -> dict[str, str]:
    """Annotations with the labels of the firing series in place of their templates."""
    filled = {}
    for key, text in annotations.items():
        for label, value in case.labels.items():
            text = text.replace(f"{{{{ $labels.{label} }}}}", value)
        filled[key] = text
    return filled
