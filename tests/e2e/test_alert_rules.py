"""The rules in promtool's hands: the second of firing of every alert, and that a changed rule is noticed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.kernel.discovery import find_mesh, root
from mesh.kernel.settings import load_settings
from mesh.platform.debian import PROMETHEUS, obtain
from observability import own_alerts
from observability.alerts import Alert, Severity
from observability.rule_tests import test_file as file_of_tests
from observability.rules import groups, rule_file

pytestmark = [pytest.mark.real, pytest.mark.watched]

GROUPS = groups(find_mesh(), load_settings())
ONE_EACH = {alert.symptom: alert for alerts in GROUPS.values() for alert in alerts}
DERIVED = {alert.name: alert for alert in (*ONE_EACH.values(), *GROUPS["platform"])}
"""Every alert of the platform, and one of each symptom of ports and streams."""


@pytest.fixture(scope="module")
def promtool() -> Path:
    """The program; where it can be had its absence is a failure."""
    return obtain(PROMETHEUS).tool


def tried(promtool: Path, folder: Path, *pairs: tuple[Alert, Alert]) -> str:
    """What promtool says of the tests of the second of each pair against the first; empty when they hold.

    Each alert has files of its own here, since promtool evaluates all rules of a file for each test.
    """
    for alert, tests in pairs:
        texts = {
            "rules": rule_file(alert.name, [alert], ""),
            "tests": file_of_tests(alert.name, [tests], ""),
        }
        for kind, text in texts.items():
            (folder / kind).mkdir(exist_ok=True)
            (folder / kind / f"{alert.name}.yaml").write_text(text)
    run = subprocess.run(
        [promtool, "test", "rules", *(f"{alert.name}.yaml" for alert, _ in pairs)],
        cwd=folder / "tests",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.mark.parametrize("name", GROUPS)
def test_every_alert_fires_at_its_second_and_not_below_its_limit(
    name: str, promtool: Path, tmp_path: Path
) -> None:
    """All histories of all alerts of one owner, those of domains outside the tree included."""
    assert tried(promtool, tmp_path, *((alert, alert) for alert in GROUPS[name])) == ""


def test_the_committed_tests_hold(promtool: Path) -> None:
    """As somebody runs them by hand, where they lie."""
    folder = root() / "observability" / "generated" / "tests"
    subprocess.run(
        [promtool, "test", "rules", "product.yaml"], cwd=folder, check=True, capture_output=True, timeout=300
    )


@pytest.mark.parametrize("name", GROUPS)
def test_prometheus_accepts_the_rules(name: str, promtool: Path, tmp_path: Path) -> None:
    """With as many as there are alerts."""
    path = tmp_path / "rules.yaml"
    path.write_text(rule_file(name, GROUPS[name], "https://runbooks.example"))
    run = subprocess.run(
        [promtool, "check", "rules", path], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert f"SUCCESS: {len(GROUPS[name])} rules found" in run.stdout


@pytest.mark.parametrize("alert", DERIVED.values(), ids=DERIVED)
def test_a_changed_rule_is_noticed(alert: Alert, promtool: Path, tmp_path: Path) -> None:
    """A turned comparison, a moved limit and another duration each break a test of that alert."""
    if alert.severity is Severity.NONE:
        assert tried(promtool, tmp_path, (replace(alert, expr="vector(1) < 1"), alert))
        return
    for changed in changes(alert):
        assert tried(promtool, tmp_path, (changed, alert)), f"unnoticed: {changed.expr} for {changed.holds}"
    assert tried(promtool, tmp_path, (alert, alert)) == ""


def changes(alert: Alert) -> Iterable[Alert]:
    """The alert with its condition turned around, and with what it allows doubled and more."""
    condition, joint, rest = alert.expr.partition("\nand on ()")
    operator = re.search(r" ?([<>]|==) ", condition.replace("\n", " "))
    assert operator is not None
    turned = {">": "<=", "<": ">=", "==": "!="}[operator[1]]
    start, end = operator.span(1)
    yield replace(alert, expr=condition[:start] + turned + condition[end:] + joint + rest)
    if limit := re.search(r"(?<=[<>] )[1-9][0-9]*$", condition):
        moved = str(int(limit[0]) + 10)
        if condition[limit.start() - 2] == "<":
            moved = str(int(limit[0]) - 10)
        yield replace(alert, expr=condition[: limit.start()] + moved + joint + rest)
    yield replace(alert, holds=alert.holds + 10)
    if alert.holds:
        yield replace(alert, holds=0)


def test_the_pages_example_is_proven(promtool: Path, tmp_path: Path) -> None:
    """The alert that a domain might add, by the histories that stand beside it."""
    page = (root() / "portal" / "docs" / "how-to" / "alert.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(alerts:\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "alerts.yaml").write_text(example)
    (alert,) = own_alerts.read(replace(find_mesh().domains["sales"], folder=tmp_path))
    assert tried(promtool, tmp_path, (alert, alert)) == ""
    flipped = replace(alert, expr=alert.expr.replace("> 500", "> 470"))
    assert "480 in five minutes" in tried(promtool, tmp_path, (flipped, alert))


def test_an_alert_that_fires_stays_when_the_monitor_goes_blind(promtool: Path, tmp_path: Path) -> None:
    """Nobody is told that all is well by a monitor that no longer looks."""
    alert = DERIVED["PlatformBrokerDown"]
    assert any(case.stays for case in alert.proof)
    forgetful = replace(alert, expr=alert.expr.partition("\nor 0 *")[0], lingers=0)
    assert "time: 2m50s" in tried(promtool, tmp_path, (forgetful, alert))
