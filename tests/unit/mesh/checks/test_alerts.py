"""The checks of alerts refuse what makes an alert useless to whom it wakes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mesh.checks.alert_files import runbooks, stale, wanted
from mesh.checks.alerts import alert_faults, faults, repeated
from mesh.checks.check import Scope
from mesh.kernel.discovery import assemble, find_mesh
from mesh.kernel.errors import ContractError
from mesh.kernel.settings import Settings
from observability.alerts import Alert
from observability.rules import alerts_of

if TYPE_CHECKING:
    from tests.unit.mesh.conftest import Folder

MESH = find_mesh(Settings.model_construct())
SOUND: Alert = next(alerts_of(MESH.domains["sales"]))
OWN = """alerts:
  - name: ToysPriceFalling
    expr: max(mesh_behind_records) > 3
    severity: page
    summary: Prices fall
    description: The price of a toy falls.
    action: Ask the shop.
    drill: poison-flood
    proof:
      - {says: it falls, series: {mesh_behind_records: 4x60}, fires: 5s}
      - {says: it does not, series: {mesh_behind_records: 3x60}, fires: never}
"""


def codes(alert: Alert, *explained: str) -> list[str]:
    """The codes of the faults of one alert."""
    return [fault.code for fault in alert_faults([alert], explained or (alert.name,))]


def test_a_sound_alert_passes() -> None:
    """Every derived one is."""
    assert codes(SOUND) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (replace(SOUND, name="sales-stale"), "alert-name"),
        (replace(SOUND, owner=""), "alert-unowned"),
        (replace(SOUND, drill=""), "alert-drill"),
        (replace(SOUND, drill="source-silence"), "alert-drill"),
        (replace(SOUND, expr="max(mesh_topic_last_publishd) > 3"), "series-unknown"),
        (replace(SOUND, proof=SOUND.proof[:1]), "alert-unproven"),
        (replace(SOUND, proof=SOUND.proof[-1:]), "alert-unproven"),
    ],
)
def test_one_that_is_useless_is_refused(changed: Alert, code: str) -> None:
    """One sample for each reason."""
    assert codes(changed) == [code]


def test_one_without_proof_at_all_lacks_both_kinds() -> None:
    """A history in which it fires and one in which it does not."""
    assert codes(replace(SOUND, proof=())) == ["alert-unproven", "alert-unproven"]


def test_one_that_no_runbook_explains_is_refused() -> None:
    """With the page that lacks it."""
    (fault,) = alert_faults([SOUND], ["SomethingElse"])
    assert fault.code == "alert-unexplained"
    assert "domains/sales/runbook.md has no heading SalesOrderPlacedSilent" in str(fault)


def test_two_of_one_name_are_refused() -> None:
    """At the second one."""
    (fault,) = repeated([SOUND, replace(SOUND, place="alerts.yaml:9")])
    assert (fault.code, fault.place) == ("alert-repeated", "alerts.yaml:9")


def test_a_domains_own_alert_needs_a_section_by_hand(toys: Folder) -> None:
    """Which `mesh build` cannot write, and keeps."""
    (toys.path / "alerts.yaml").write_text(OWN)
    for found in runbooks([toys.read()]):
        found.write()
    domain = toys.read()
    scope = Scope((domain,), assemble([domain]))
    assert [(fault.code, fault.place.rpartition("/")[2]) for fault in faults(scope)] == [
        ("alert-unexplained", "alerts.yaml:2")
    ]
    toys.add("runbook.md", "\n### ToysPriceFalling\n**Meaning.** They fall.\n")
    assert list(faults(scope)) == []
    assert list(runbooks([domain])) == []


def test_a_fault_of_one_domains_alerts_hides_no_other(toys: Folder) -> None:
    """It is told, and the check goes on."""
    (toys.path / "alerts.yaml").write_text(OWN.replace("mesh_behind_records)", "mesh_behind)"))
    domain = toys.read()
    found = [fault.code for fault in faults(Scope((domain, *MESH.domains.values()), None))]
    assert found == ["series-unknown"]


def test_a_page_that_is_not_derived_is_stale(toys: Folder) -> None:
    """A missing one is begun; one without marks is refused."""
    (page,) = runbooks([toys.read()])
    assert page.path == toys.path / "runbook.md"
    page.write()
    assert list(runbooks([toys.read()])) == []
    toys.change("runbook.md", "### ToysToyStale\n", "### ToysToyLate\n")
    assert [found.path.name for found in runbooks([toys.read()])] == ["runbook.md"]
    toys.change("runbook.md", "<!-- /derived -->", "")
    with pytest.raises(ContractError) as refused:
        list(runbooks([toys.read()]))
    assert refused.value.code == "runbook-marks"


def test_committed_files_are_those_of_the_trees_own_domains(toys: Folder) -> None:
    """Whatever other domains there are, and whatever the environment says."""
    everything = assemble([*MESH.domains.values(), toys.read()])
    assert list(stale(everything)) == []
    assert list(stale(assemble([toys.read()]))) == []
    names = {path.stem for path in wanted(MESH) if path.parent.name == "rules"}
    assert names == {*MESH.domains, "platform"}
