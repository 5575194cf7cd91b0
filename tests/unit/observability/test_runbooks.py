"""Runbooks have a section for each alert, which says what the alert's reader needs."""

from __future__ import annotations

import pytest

from mesh.kernel.discovery import find_mesh
from mesh.kernel.settings import Settings
from observability.alerts import PLATFORM
from observability.platform_advice import ADVICE
from observability.platform_alerts import SILENT
from observability.rules import groups
from observability.runbooks import MARKS, blank, domain_sections, headings, platform_sections, sections

MESH = find_mesh(Settings.model_construct())
GROUPS = groups(MESH, Settings.model_construct())
PAGES = {
    name: platform_sections(alerts) if name == PLATFORM else domain_sections(alerts, MESH)
    for name, alerts in GROUPS.items()
}


@pytest.mark.parametrize("name", GROUPS)
def test_every_alert_has_a_section(name: str) -> None:
    """In the order of the alerts, each with its four parts."""
    own = [SILENT] if name == PLATFORM else []
    assert list(sections(PAGES[name])) == [*(alert.name for alert in GROUPS[name]), *own]
    for text in sections(PAGES[name]).values():
        for part in (
            "**Meaning.**",
            "**Impact.**",
            "**Diagnosis.**",
            "**Mitigation.**",
            "```console\n$ mesh ",
        ):
            assert part in text


def test_impact_names_who_reads() -> None:
    """Views, and the domains whose products name the port as an input."""
    text = sections(PAGES["sales"])["SalesPaymentRecordedStale"]
    assert "readers of `sales.transactions` and the domain customer" in text
    text = sections(PAGES["employee"])["EmployeeSalesTargetStale"]
    assert "readers of `employee.sales_targets`." in text


def test_a_streams_section_names_what_it_writes() -> None:
    """Its views, or topics where there are none."""
    text = sections(PAGES["customer"])["CustomerCustomerMasteringStalled"]
    assert "`customer.customers` and `customer.crosswalk`" in text
    assert "mesh logs customer-mastering-1" in text


def test_nothing_is_explained_that_cannot_happen() -> None:
    """The platform's advice is for its alerts and the pager's own, and for no others."""
    assert set(ADVICE) == {alert.name for alert in GROUPS[PLATFORM]} | {SILENT}


def test_sections_written_by_hand_are_found_and_other_headings_are_not() -> None:
    """An alert's section says what it means; it ends at the next heading or mark."""
    text = (
        f"# Runbook\n\n## Whom to call\nAnn.\n\n## Alerts\n{MARKS[0]}\n### A\n**Meaning.** a\n\n"
        f"### B\n**Meaning.** b\n{MARKS[1]}\n\n### C\nwords\n\n**Meaning.** c\n\n## Else\nd\n"
    )
    assert sections(text) == {
        "A": "### A\n**Meaning.** a\n",
        "B": "### B\n**Meaning.** b\n",
        "C": "### C\nwords\n\n**Meaning.** c\n",
    }
    assert headings(text) == ["Whom to call", "Alerts", "A", "B", "C", "Else"]


def test_a_blank_page_has_a_place_for_sections() -> None:
    """And names the owner."""
    page = blank(MESH.domains["sales"])
    assert page.endswith(f"## Alerts\n{MARKS[0]}\n{MARKS[1]}\n")
    assert "sales@retail.example" in page
