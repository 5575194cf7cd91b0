"""Alerts follow from contracts: which there are, whose they are, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from mesh.drills.drill import DRILLS as HELD
from mesh.kernel.contract import Port, ServiceLevel
from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from observability import port_alerts
from observability.alerts import DRILLS, TYPES, Alert, Severity, Symptom, camel, subject
from observability.platform_alerts import alerts as platform_alerts
from observability.rules import groups, rule_file

MESH = find_mesh(Settings.model_construct())
GROUPS = groups(MESH, Settings.model_construct())
EVERY = [alert for alerts in GROUPS.values() for alert in alerts]


def of(topic: str) -> list[str]:
    """The names of the alerts of a port."""
    return [alert.name for alert in EVERY if alert.labels.get("topic") == topic]


def promising(port: Port, *levels: ServiceLevel) -> Port:
    """The port with other promises."""
    return replace(port, service_levels={level.property: level for level in levels})


def test_a_source_with_a_view_has_five_alerts() -> None:
    """One a promise: it speaks, it is fresh, what comes is valid, it is complete, what is there is valid."""
    assert of("sales.public.order-placed.v1") == [
        "SalesOrderPlacedSilent",
        "SalesOrderPlacedStale",
        "SalesOrderPlacedRejected",
        "SalesOrderPlacedDrifting",
        "SalesOrderPlacedInvalid",
    ]


def test_what_a_stream_writes_has_no_source_that_could_be_silent() -> None:
    """Nor does a raw topic that is not landed have a view that could be stale."""
    assert "SalesOrdersEnrichedSilent" not in of("sales.public.orders-enriched.v1")
    assert of("customer.raw.customer-record.v1") == [
        "CustomerCustomerRecordSilent",
        "CustomerCustomerRecordRejected",
    ]
    assert of("sales.private.clock.v1") == []


def test_each_stream_has_one_alert_at_its_owner() -> None:
    """However many ports it writes."""
    stalled = {alert.name: alert.owner for alert in EVERY if alert.symptom is Symptom.STALLED}
    assert stalled == {
        "CustomerCustomerMasteringStalled": "customer@retail.example",
        "CustomerCustomer360Stalled": "customer@retail.example",
        "SalesOrdersEnrichedStalled": "sales@retail.example",
    }


def test_limits_are_the_contracts() -> None:
    """Of freshness and of rejected records; without a promise of freshness there is nothing to break."""
    port = MESH.port("sales.public.order-placed.v1")
    strict = promising(
        port,
        ServiceLevel("freshness", Decimal(2), "min"),
        ServiceLevel("deadLetters", Decimal(5), "per minute"),
    )
    by_name = {alert.name: alert for alert in port_alerts.alerts(strict, "runbook.md")}
    assert "> 120\n" in by_name["SalesOrderPlacedStale"].expr
    assert by_name["SalesOrderPlacedRejected"].expr.endswith("> 5")
    assert "More than 5 records" in by_name["SalesOrderPlacedRejected"].description
    assert [alert.symptom for alert in port_alerts.alerts(promising(port), "runbook.md")] == [
        Symptom.SILENT,
        Symptom.REJECTED,
        Symptom.DRIFTING,
        Symptom.INVALID,
    ]


@pytest.mark.parametrize("alert", EVERY, ids=lambda alert: alert.name)
def test_every_alert_tells_whose_it_is_and_what_to_do(alert: Alert) -> None:
    """With a short summary, a first step and its runbook."""
    assert "@" in alert.owner
    assert alert.all_labels["type"] == TYPES[alert.symptom]
    assert len(alert.summary) <= 60
    assert alert.description.endswith(".")
    assert alert.action.endswith((".", "`"))
    assert alert.annotations("")["runbook_url"].endswith(f"runbook.md#{alert.name.lower()}")


@pytest.mark.parametrize("alert", EVERY, ids=lambda alert: alert.name)
def test_a_page_can_come_within_a_minute(alert: Alert) -> None:
    """What an alert waits for beside its promise leaves time for rounds, scrapes and the pager."""
    assert alert.holds <= 20
    assert all(case.fires is None or case.fires >= alert.holds for case in alert.proof)


def test_names_are_unique() -> None:
    """One name, one thing to do."""
    names = [alert.name for alert in EVERY]
    assert len(names) == len(set(names))


def test_a_second_version_of_a_topic_has_alerts_of_its_own() -> None:
    """While both are there."""
    assert subject("sales.public.orders-enriched.v2") == "SalesOrdersEnrichedV2"
    assert camel("sales", "orders-enriched", "stale") == "SalesOrdersEnrichedStale"


def test_runbooks_may_be_served_elsewhere() -> None:
    """Then links lead there."""
    (alert, *_) = platform_alerts("ops@shop.example")
    link = alert.annotations("https://runbooks.example/main/")["runbook_url"]
    assert link == "https://runbooks.example/main/observability/runbook.md#platformworkerdown"


def test_drills_are_those_that_can_be_held() -> None:
    """Each proves some alert; what two of them prove names one."""
    assert {drill.proves or drill.name for drill in HELD.values()} == DRILLS
    assert {alert.drill for alert in EVERY} == DRILLS


def test_only_the_watchdog_never_wakes_anybody() -> None:
    """It always fires."""
    assert [alert.name for alert in EVERY if alert.severity is Severity.NONE] == ["Watchdog"]


def lines(alert: Alert) -> Iterator[str]:
    """The lines of an expression."""
    yield from alert.expr.splitlines()


@pytest.mark.parametrize("alert", EVERY, ids=lambda alert: alert.name)
def test_an_expression_can_be_read(alert: Alert) -> None:
    """In lines that fit, those on a monitor's numbers with what holds while it is blind."""
    assert max(map(len, lines(alert))) <= 115
    of_processes = (
        *("min by (part, app) (up", "max by (name) (mesh_failed_jobs)"),
        "max(sum by (application) (\n  mesh_records_parked_total",
    )
    if "mesh_" in alert.expr and not alert.expr.startswith(of_processes):
        assert "or 0 * max" in alert.expr
        assert f'ALERTS{{alertname="{alert.name}", alertstate="firing"}}' in alert.expr


def test_five_lines_of_a_contract_become_rules(tmp_path: Path) -> None:
    """As Prometheus reads them, with every label filled in."""
    text = rule_file("sales", GROUPS["sales"], "")
    start = text.index("- alert: SalesOrderPlacedRejected")
    end = text.index("- alert:", start + 1)
    assert "  ".join(text[start:end].split("\n      ")).startswith("- alert: SalesOrderPlacedRejected")
    for line in (
        "severity: page",
        "domain: sales",
        "product: order-placed",
        "owner: sales@retail.example",
        "type: quality",
        "drill: poison-flood",
    ):
        assert line in text[start:end]
